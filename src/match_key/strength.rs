//! What an agreement on a key is worth: u, λ, the class, and the Poisson bound.
//!
//! *u* is the chance that two unrelated people agree on a key. λ = fingerprints × probes × u is the number of coincidences to expect when
//! so many fingerprints meet so many probes. A key with λ below [`PROOF`] proves; one above it is judged by its count alone.

use crate::match_key::MatchKey;
use crate::record::field::Origin;
use crate::record::field::Slot;

/// The expected number of coincidences below which a single agreement counts as proof.
pub(crate) const PROOF: f64 = 0.01;

/// What a hit of a key means. Fixed by the plan when the manifest is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// λ < 0.01, with an atom that only this supply had: the supplied record itself is here.
    Supply,
    /// λ < 0.01, of atoms that others may have: this person is here, perhaps lawfully.
    Person,
    /// λ ≥ 0.01: possible; judged by its count, never proof of one record.
    Aggregate,
}

impl Class {
    /// The letter that files and tables use.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Class::Supply => "S",
            Class::Person => "P",
            Class::Aggregate => "A",
        }
    }

    /// The class of a letter.
    pub(crate) fn parse(letter: &str) -> Option<Class> {
        [Class::Supply, Class::Person, Class::Aggregate].into_iter().find(|class| class.letter() == letter)
    }

    /// The class of a key with so many expected coincidences.
    pub(crate) fn of(lambda: f64, has_supply_atom: bool) -> Class {
        match lambda < PROOF {
            true if has_supply_atom => Class::Supply,
            true => Class::Person,
            false => Class::Aggregate,
        }
    }
}

/// Whence an estimate of u comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// Ten or more joint collisions among distinct people of the supplied file.
    Joint,
    /// The product of the atoms' collision probabilities, times a penalty.
    Product,
    /// As `Product`, with a built-in prior for at least one atom that the file is too small to tell about.
    Prior,
    /// The width of the range that the numbers of the column span.
    Range,
}

impl Basis {
    /// The word that files and tables use.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Basis::Joint => "joint",
            Basis::Product => "product",
            Basis::Prior => "prior",
            Basis::Range => "range",
        }
    }

    /// The basis of a word.
    pub(crate) fn parse(word: &str) -> Option<Basis> {
        [Basis::Joint, Basis::Product, Basis::Prior, Basis::Range].into_iter().find(|basis| basis.word() == word)
    }
}

/// The expected number of coincidences.
pub(crate) fn lambda(fingerprints: u64, probes: u64, u: f64) -> f64 {
    fingerprints as f64 * probes as f64 * u
}

/// Whether a key has an atom of a field that only this supply had.
pub(crate) fn has_supply_atom(key: &MatchKey, origin: impl Fn(Slot) -> Origin) -> bool {
    key.atoms.iter().any(|atom| origin(atom.plain().slot()) == Origin::Supply)
}

/// The largest count that coincidence explains: the 99.9 % quantile of the Poisson distribution with mean `lambda`.
///
/// Below a mean of 50 the distribution is summed; above, the quantile is λ + z·√λ + (z² − 1)/6 (the first terms of the Cornish–Fisher
/// expansion), rounded down. A mean that is no number explains nothing, so the bound is 0.
pub(crate) fn poisson_bound(lambda: f64) -> u64 {
    const QUANTILE: f64 = 0.999;
    const Z: f64 = 3.090_232_306_167_813;
    if lambda.is_nan() || lambda <= 0.0 {
        return 0;
    }
    if lambda >= 50.0 {
        // The cast saturates where λ is beyond all counting.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturating is meant")]
        return (lambda + Z * lambda.sqrt() + (Z * Z - 1.0) / 6.0).floor() as u64;
    }
    let mut term = (-lambda).exp();
    let mut sum = term;
    let mut count = 0_u64;
    while sum < QUANTILE {
        count += 1;
        term *= lambda / count as f64;
        sum += term;
        if count > 1_000 {
            break;
        }
    }
    count
}

/// Whether so many coincidences or more would happen less than once in a million scans, where `lambda` are expected, by Chernoff's bound of the
/// Poisson distribution: P(X ≥ k) ≤ e^(k − λ) · (λ/k)^k for k > λ.
pub(crate) fn is_beyond_chance(lambda: f64, count: u64) -> bool {
    const LEAST: f64 = 1e-6;
    let count = count as f64;
    if lambda.is_nan() || lambda < 0.0 || count <= lambda {
        return false;
    }
    count - lambda + count * (lambda / count).ln() < LEAST.ln()
}

/// Writes u or λ as the decimal string that signed files carry: three significant digits.
pub(crate) fn decimal(value: f64) -> String {
    format!("{value:.2e}")
}

/// Reads such a string; only finite numbers that are not negative.
pub(crate) fn parse_decimal(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Means and their 99.9 % quantiles, summed with sixty digits by Python's `decimal`.
    const QUANTILES: [(f64, u64); 9] =
        [(0.0005, 0), (0.1, 2), (1.0, 5), (5.0, 13), (20.0, 35), (49.0, 72), (50.0, 73), (100.0, 132), (10_000.0, 10_310)];

    #[test]
    fn bounds_are_the_quantiles() {
        for (lambda, bound) in QUANTILES {
            assert_eq!(poisson_bound(lambda), bound, "{lambda}");
        }
        assert_eq!(poisson_bound(0.0), 0);
        assert_eq!(poisson_bound(f64::NAN), 0);
    }

    #[test]
    fn few_coincidences_are_many_where_none_is_expected() {
        for (lambda, count, is_beyond) in [
            (1e-7, 1, true),
            (1e-5, 1, false),
            (0.03, 3, false),
            (0.03, 4, true),
            (1.0, 9, false),
            (1.0, 12, true),
            (0.0, 0, false),
        ] {
            assert_eq!(is_beyond_chance(lambda, count), is_beyond, "{count} of {lambda}");
        }
        assert!(!is_beyond_chance(f64::NAN, 1_000) && !is_beyond_chance(2.0, 1) && is_beyond_chance(0.0, 1));
    }

    #[test]
    fn classes() {
        assert_eq!(Class::of(0.009, true), Class::Supply);
        assert_eq!(Class::of(0.009, false), Class::Person);
        assert_eq!(Class::of(0.01, true), Class::Aggregate);
        assert_eq!(Class::of(f64::NAN, true), Class::Aggregate, "what cannot be computed proves nothing");
    }

    proptest! {
        #[test]
        fn bound_grows_with_lambda(a in 0.0..1e6_f64, b in 0.0..1e6_f64) {
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            // The two formulas meet at 50 within one.
            prop_assert!(poisson_bound(low) <= poisson_bound(high) + 1);
        }

        #[test]
        fn decimals_round_trip(value in 1e-30..1e12_f64) {
            let text = decimal(value);
            let read = parse_decimal(&text).unwrap();
            prop_assert!((read / value - 1.0).abs() < 0.01);
            prop_assert_eq!(decimal(read), text);
        }
    }
}
