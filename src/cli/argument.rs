//! Values of flags that are numbers, with a complaint that says in words which are allowed.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A parser of whole numbers within a range.
pub(crate) fn within<N>(range: RangeInclusive<N>) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static
where
    N: Display + FromStr + PartialOrd + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse::<N>().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("a whole number from {} to {}", range.start(), range.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_said_in_words() {
        let parse = within(0_u8..=100);
        assert_eq!((parse("0"), parse("100")), (Ok(0), Ok(100)));
        for text in ["101", "-1", "1.5", "many", "", "99999999999"] {
            assert_eq!(parse(text), Err("a whole number from 0 to 100".to_owned()));
        }
    }
}
