//! What seeds say: invented people whom one recipient alone was given. Nobody else has one to pass on, and nobody has one from elsewhere, so that
//! one that is found is decisive, whatever is declared lawful.

use crate::finding::Outcome;
use crate::finding::Phase;
use crate::ledger::entry::Conclusion;
use crate::support::number::of;
use crate::support::sanitize;
use crate::verification::appraisal::Appraisal;
use std::collections::BTreeSet;

/// Seeds that are named by their numbers; of more, the first ones.
const MOST_NAMED: usize = 8;

/// Seeds that a baseline has to be asked about before it is missed that few were found.
const FEWEST_ASKED: usize = 2;

/// Worsens an appraisal by the seeds that an outcome found, or that a baseline did not find, where all checks have passed. `seeds` are their ordinals.
pub(in crate::verification) fn weigh(appraisal: &mut Appraisal, phase: Phase, recipient: &str, seeds: &[u32], outcome: &Outcome) {
    if appraisal.conclusion == Conclusion::Failed {
        return;
    }
    let answered =
        |is_found: bool| outcome.spot_checks.iter().filter(move |answer| answer.found == is_found).map(|answer| answer.record);
    let found: BTreeSet<u32> = answered(true).chain(&outcome.supply_records).collect();
    let recipient = sanitize::clean(recipient);
    if phase == Phase::Baseline {
        let asked: BTreeSet<u32> = answered(true).chain(answered(false)).filter(|record| seeds.contains(record)).collect();
        let seen = asked.intersection(&found).count();
        if asked.len() >= FEWEST_ASKED && seen * 2 < asked.len() {
            appraisal.worsen(
                Conclusion::Inconclusive,
                format!(
                    "{seen} of {} that the challenge asked for were found: perhaps {recipient} has loaded other data than were handed over with the \
                     seeds, or has taken them out",
                    of(asked.len() as u64, "seed")
                ),
                "ask whether the data were loaded as they were handed over, the file that `residua supply` wrote, and whether rows were left out",
            );
        }
        return;
    }
    let numbers: Vec<usize> = (1..).zip(seeds).filter(|(_, ordinal)| found.contains(ordinal)).map(|(number, _)| number).collect();
    if numbers.is_empty() {
        return;
    }
    appraisal.worsen(
        Conclusion::Residual,
        format!(
            "{} of {} {} whom nobody but {recipient} was given",
            named(&numbers),
            seeds.len(),
            if numbers.len() == 1 { "was found: an invented person" } else { "were found: invented people" }
        ),
        "ask the recipient where it still has them; `residua supplies show SUPPLY --seeds` says who they are",
    );
}

/// Seeds by their numbers.
fn named(numbers: &[usize]) -> String {
    let shown: Vec<String> = numbers.iter().take(MOST_NAMED).map(usize::to_string).collect();
    let more = if numbers.len() > MOST_NAMED { format!(" and {} more", numbers.len() - MOST_NAMED) } else { String::new() };
    format!("seed{} {}{more}", if numbers.len() == 1 { "" } else { "s" }, shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::SpotCheck;
    use proptest::prelude::*;

    const ALL: [Conclusion; 5] =
        [Conclusion::Present, Conclusion::Clear, Conclusion::Inconclusive, Conclusion::Residual, Conclusion::Failed];

    fn weighed(conclusion: Conclusion, phase: Phase, seeds: &[u32], found: &[u32], missed: &[u32], supply: &[u32]) -> Appraisal {
        let answer = |is_found: bool| move |record: &u32| SpotCheck { record: *record, found: is_found };
        let outcome = Outcome {
            spot_checks: found.iter().map(answer(true)).chain(missed.iter().map(answer(false))).collect(),
            supply_records: supply.iter().collect(),
            ..Outcome::default()
        };
        let mut appraisal = Appraisal { conclusion, ..Appraisal::default() };
        weigh(&mut appraisal, phase, "Par\u{202e}ty", seeds, &outcome);
        appraisal
    }

    #[test]
    fn one_seed_is_decisive_and_names_its_recipient() {
        let seeds = [7, 9, 11];
        for appraisal in [
            weighed(Conclusion::Clear, Phase::Deletion, &seeds, &[9], &[7], &[]),
            weighed(Conclusion::Inconclusive, Phase::Recheck, &seeds, &[1, 9], &[7], &[2]),
            weighed(Conclusion::Residual, Phase::Restore, &seeds, &[], &[], &[9]),
        ] {
            assert_eq!(appraisal.conclusion, Conclusion::Residual);
            let reason = &appraisal.reasons[0];
            assert!(
                reason.starts_with("seed 2 of 3 was found: an invented person whom nobody but Par")
                    && reason.ends_with("ty was given"),
                "{reason}"
            );
            assert!(!reason.contains('\u{202e}'));
        }
        let several = weighed(Conclusion::Clear, Phase::Deletion, &seeds, &[9, 11], &[], &[7]);
        assert!(several.reasons[0].starts_with("seeds 1, 2, 3 of 3 were found: invented people whom"), "{}", several.reasons[0]);
        // Others that are found are for the verdict to judge.
        assert_eq!(weighed(Conclusion::Clear, Phase::Deletion, &seeds, &[1], &[7, 9, 11], &[2]).conclusion, Conclusion::Clear);
    }

    #[test]
    fn a_baseline_should_find_most_of_them() {
        let seeds = [7, 9, 11, 13];
        let conclusion =
            |found: &[u32], missed: &[u32]| weighed(Conclusion::Present, Phase::Baseline, &seeds, found, missed, &[]).conclusion;
        assert_eq!(conclusion(&[7, 9], &[11, 13]), Conclusion::Present);
        assert_eq!(conclusion(&[7, 1, 2], &[9, 11]), Conclusion::Inconclusive);
        // One may be missing for many reasons.
        assert_eq!(conclusion(&[1, 2], &[9]), Conclusion::Present);
        assert_eq!(conclusion(&[], &[]), Conclusion::Present);
    }

    proptest! {
        #[test]
        fn it_only_worsens(
            before in 0_usize..5,
            phase in prop::sample::select(vec![Phase::Baseline, Phase::Deletion, Phase::Recheck, Phase::Restore]),
            seeds in prop::collection::vec(0_u32..30, 0..12),
            found in prop::collection::vec(0_u32..30, 0..12),
            missed in prop::collection::vec(0_u32..30, 0..12),
            supply in prop::collection::vec(0_u32..30, 0..4),
        ) {
            let appraisal = weighed(ALL[before], phase, &seeds, &found, &missed, &supply);
            prop_assert!(appraisal.conclusion >= ALL[before]);
            prop_assert_eq!(appraisal.reasons.is_empty(), appraisal.known.is_empty());
            if ALL[before] == Conclusion::Failed {
                prop_assert!(appraisal.reasons.is_empty());
            }
        }
    }
}
