//! What controls say: whether the supplied people are found more often than people of the same source who were never supplied.
//!
//! A recipient may hold any of them from elsewhere, so that a find by itself says nothing; but it has no such reason to hold the supplied ones more
//! often, unless the supply gave it one (people who answered a campaign). Found people come by blocks of ordinals, and only the ledger knows which blocks are the controls'. Two shares are compared by
//! Newcombe's interval for their difference ("Interval estimation for the difference between independent proportions: comparison of eleven
//! methods", Statistics in Medicine 17, 1998, method 10), made of Wilson's intervals for each share ("Probable inference, the law of succession,
//! and statistical inference", Journal of the American Statistical Association 22, 1927).

use crate::finding::BLOCK;
use crate::finding::Outcome;
use crate::ledger::entry::Conclusion;
use crate::manifest::ordinal;
use crate::support::number::grouped;
use crate::verification::appraisal::Appraisal;

const _: () = assert!(BLOCK == ordinal::BLOCK, "people are counted by the blocks that controls fill");

/// The quantile of the normal distribution that one in a hundred exceeds: the bounds are one-sided, at 99 %.
const QUANTILE: f64 = 2.326_347_874;

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    found: u64,
    of: u64,
}

impl Share {
    fn rate(self) -> f64 {
        self.found as f64 / self.of.max(1) as f64
    }

    /// Wilson's interval.
    fn wilson(self, quantile: f64) -> (f64, f64) {
        let (number, rate, square) = (self.of.max(1) as f64, self.rate(), quantile * quantile);
        let middle = rate + square / (2.0 * number);
        let half = quantile * (rate * (1.0 - rate) / number + square / (4.0 * number * number)).sqrt();
        let whole = 1.0 + square / number;
        (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
    }

    /// In percent, with one decimal place.
    fn words(self) -> String {
        format!("{} of {} ({:.1} %)", grouped(self.found), grouped(self.of), 100.0 * self.rate())
    }
}

/// How much larger the first share is than the second at least.
fn least_excess(first: Share, second: Share, quantile: f64) -> f64 {
    let (below, above) = (first.wilson(quantile).0, second.wilson(quantile).1);
    first.rate() - second.rate() - ((first.rate() - below).powi(2) + (above - second.rate()).powi(2)).sqrt()
}

/// Worsens an appraisal by what the blocks of controls, ascending, show of an outcome whose checks have passed, or notes what they show.
pub(in crate::verification) fn compare(appraisal: &mut Appraisal, control_blocks: &[u32], outcome: &Outcome) {
    if appraisal.conclusion == Conclusion::Failed {
        return;
    }
    let is_control_block = |block: u32| control_blocks.binary_search(&block).is_ok();
    let of_controls = |ordinal: &u32| is_control_block(ordinal / BLOCK);
    let never_supplied = outcome.supply_records.iter().filter(of_controls).count() as u64;
    if never_supplied > 0 {
        appraisal.worsen(
            Conclusion::Inconclusive,
            format!(
                "keys of class S found {} of the people who were never supplied, so that the recipient has from elsewhere what is declared to be \
                 the supply's own",
                grouped(never_supplied)
            ),
            "do not accuse anybody of what the keys of class S found: supply again, without `origin = \"supply\"` for what others may have too",
        );
    }
    let (mut supplied, mut controls) = (Share { found: 0, of: outcome.records }, Share { found: 0, of: outcome.controls });
    for (block, found) in (0_u32..).zip(&outcome.person_blocks) {
        let share = if is_control_block(block) { &mut controls } else { &mut supplied };
        share.found += u64::from(*found);
    }
    if supplied.found + controls.found == 0 {
        return;
    }
    let rates = format!(
        "{} of the supplied people were found, and {} of those who were never supplied",
        supplied.words(),
        controls.words()
    );
    let excess = least_excess(supplied, controls, QUANTILE);
    if excess > 0.0 {
        appraisal.worsen(
            Conclusion::Residual,
            format!(
                "supplied people are found more often than people of the same source who were never supplied: {rates}; where nothing was kept, one \
                 scan in a hundred shows such a difference"
            ),
            "ask the recipient from where it has them: people who answered a campaign are its own now. Whether the controls were drawn at random from \
             the people of the supply is yours to show",
        );
    } else {
        appraisal.notes.push(format!("controls: {rates}, which shows nothing that was kept of the supply"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ordinal::Ordinals;
    use crate::support::secret::Secret;
    use proptest::prelude::*;

    fn share(found: u64, of: u64) -> Share {
        Share { found, of }
    }

    /// Table II of Newcombe's article, method 10, at 95 % to both sides.
    #[test]
    fn published_intervals_are_met() {
        const BOTH_SIDES: f64 = 1.959_963_985;
        for (first, second, below, above) in [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((0, 10), (0, 10), -0.2775, 0.2775),
            ((10, 10), (0, 20), 0.6791, 1.0),
            ((10, 10), (0, 10), 0.6075, 1.0),
        ] {
            let (first, second) = (share(first.0, first.1), share(second.0, second.1));
            let lower = least_excess(first, second, BOTH_SIDES);
            let upper = -least_excess(second, first, BOTH_SIDES);
            assert!(
                (lower - below).abs() < 0.000_06 && (upper - above).abs() < 0.000_06,
                "{first:?} {second:?}: {lower} {upper}"
            );
        }
    }

    /// The least share of supplied people, in tenths of a percent, that is seen beside so many controls of whom so many percent are held.
    fn seen_from(controls: u64, percent: u64) -> u64 {
        let (supplied, of_controls) = (controls * 10, share(controls * percent / 100, controls));
        (percent * 10..=1_000)
            .find(|tenths| least_excess(share(supplied * tenths / 1_000, supplied), of_controls, QUANTILE) > 0.0)
            .map_or(0, |tenths| tenths - percent * 10)
    }

    /// The table of `docs/verification.md`.
    #[test]
    fn so_little_is_seen() {
        let row = |controls: u64| [0, 10, 30, 50].map(|percent| seen_from(controls, percent));
        assert_eq!(row(1_000), [6, 26, 37, 39]);
        assert_eq!(row(5_000), [2, 11, 17, 18]);
        assert_eq!(row(10_000), [1, 8, 12, 13]);
    }

    fn appraised(outcome: &Outcome, before: Conclusion) -> Appraisal {
        let ordinals = Ordinals::new(&Secret::new([7; 32]), u32::try_from(outcome.records).unwrap(), 1).unwrap();
        let mut appraisal = Appraisal { conclusion: before, ..Appraisal::default() };
        compare(&mut appraisal, ordinals.control_blocks(), outcome);
        appraisal
    }

    /// So many found of 4,500 supplied people in five blocks, and of the controls in the block that is theirs.
    fn found(supplied: [u32; 5], controls: u32) -> Outcome {
        let ordinals = Ordinals::new(&Secret::new([7; 32]), 4_500, 1).unwrap();
        let mut supplied = supplied.into_iter();
        let blocks = (0..6).map(|block| if ordinals.is_control_block(block) { controls } else { supplied.next().unwrap() });
        Outcome { records: 4_500, searchable: 4_500, controls: 1_000, person_blocks: blocks.collect(), ..Outcome::default() }
    }

    #[test]
    fn shares_are_compared_block_by_block() {
        let alike = appraised(&found([300, 310, 290, 300, 150], 300), Conclusion::Clear);
        assert_eq!((alike.conclusion, alike.reasons.len()), (Conclusion::Clear, 0));
        let words = "controls: 1,350 of 4,500 (30.0 %) of the supplied people were found, and 300 of 1,000 (30.0 %) of those who were never supplied";
        assert!(alike.notes[0].starts_with(words), "{:?}", alike.notes);
        let kept = appraised(&found([400, 410, 390, 400, 200], 300), Conclusion::Clear);
        assert_eq!((kept.conclusion, kept.known.len(), kept.notes.len()), (Conclusion::Residual, 1, 0));
        assert!(kept.reasons[0].contains("1,800 of 4,500 (40.0 %)"), "{:?}", kept.reasons);
        // Where nobody is found there is nothing to say, and what has failed is not looked at.
        assert_eq!(
            appraised(&found([0; 5], 0), Conclusion::Clear),
            Appraisal { conclusion: Conclusion::Clear, ..Appraisal::default() }
        );
        assert_eq!(appraised(&found([1_000; 5], 0), Conclusion::Failed), Appraisal::default());
    }

    #[test]
    fn what_only_the_supply_had_and_others_have_is_a_doubt() {
        let ordinals = Ordinals::new(&Secret::new([7; 32]), 4_500, 1).unwrap();
        let of = |ordinal: u32| Outcome { supply_records: [ordinal].into_iter().collect(), ..found([0; 5], 0) };
        let doubted = appraised(&of(ordinals.control(17)), Conclusion::Clear);
        assert_eq!(doubted.conclusion, Conclusion::Inconclusive);
        assert!(doubted.reasons[0].contains("1 of the people who were never supplied"), "{:?}", doubted.reasons);
        assert_eq!(appraised(&of(ordinals.control(17)), Conclusion::Residual).conclusion, Conclusion::Residual);
        assert!(appraised(&of(ordinals.supplied(17)), Conclusion::Residual).reasons.is_empty());
    }

    proptest! {
        #[test]
        fn controls_only_worsen(supplied in any::<[u16; 5]>(), controls in 0_u32..=1_000, conclusion in 0_usize..5) {
            let supplied = supplied.map(|number| u32::from(number) % 501);
            let all = [Conclusion::Present, Conclusion::Clear, Conclusion::Inconclusive, Conclusion::Residual, Conclusion::Failed];
            let before = all[conclusion];
            let outcome = found(supplied, controls);
            prop_assert!(appraised(&outcome, before).conclusion >= before);
            // One more of the supplied people never helps, one more control never hurts.
            let more = found([supplied[0] + 1, supplied[1], supplied[2], supplied[3], supplied[4]], controls);
            prop_assert!(appraised(&more, Conclusion::Clear).conclusion >= appraised(&outcome, Conclusion::Clear).conclusion);
        }
    }
}
