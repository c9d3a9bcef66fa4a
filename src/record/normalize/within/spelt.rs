//! Addresses of mail that are spelt out: `ann at lee dot example`, `ann (at) lee.example`, `ann @ lee.example`. People write so that programs do not
//! see them, and transcripts of calls do because it is what was said.

use super::Found;
use super::Text;
use crate::record::field::Slot;
use crate::record::normalize::email;

/// Labels of a domain, and pieces of what stands before it.
const MOST_PIECES: usize = 6;

impl Text<'_> {
    /// The addresses that are spelt out.
    pub(super) fn spelt_emails(self, emit: &mut dyn FnMut(Found<'_>)) {
        for at in 0..self.words.len() {
            let is_word = self.word(at).eq_ignore_ascii_case("at");
            // `ann at lee`, or `ann @ lee` with nothing but blanks and brackets beside the sign.
            let (before, after) = if is_word && at > 0 && is_blank(self.gap(at - 1)) && is_blank(self.gap(at)) {
                (at - 1, at + 1)
            } else if is_parted_sign(self.gap(at)) {
                (at, at + 1)
            } else {
                continue;
            };
            let Some((domain, is_spelt)) = self.domain(after) else { continue };
            let mut first = before;
            let mut local = self.word(before).to_owned();
            for _ in 0..MOST_PIECES {
                let Some((join, ahead)) = self.joined_before(first) else { break };
                local = [self.word(ahead), join, &local].concat();
                first = ahead;
            }
            // `works at lee.example` is said of places.
            let is_plain = is_spelt || !is_word || self.gap(before) != " ";
            let start = self.words[first].start;
            email::candidates(&[&local, "@", &domain].concat(), &mut |value| {
                emit(Found { slot: Slot::Email, value, start, is_plain, is_house: false });
            });
        }
    }

    /// The domain that begins with this word, its dots written as signs or as words, and whether any is a word.
    fn domain(self, first: usize) -> Option<(String, bool)> {
        let mut is_spelt = false;
        let mut domain = self.word(first).to_owned();
        let mut last = first;
        for _ in 0..MOST_PIECES {
            let (join, next) = if matches!(self.gap(last), "." | "-") {
                (self.gap(last), last + 1)
            } else if self.is_dot(last + 1) {
                is_spelt = true;
                (".", last + 2)
            } else {
                break;
            };
            if self.word(next).is_empty() {
                break;
            }
            domain.push_str(join);
            domain.push_str(self.word(next));
            last = next;
        }
        domain.contains('.').then_some((domain, is_spelt))
    }

    /// What joins a word to the piece of an address before it, and which that is.
    fn joined_before(self, word: usize) -> Option<(&'static str, usize)> {
        let before = word.checked_sub(1)?;
        let sign = ["", ".", "_", "-", "+"].into_iter().find(|sign| *sign == self.gap(before));
        match sign {
            Some(sign) => Some((sign, before)),
            None if self.is_dot(before) => Some((".", before.checked_sub(1)?)),
            None => None,
        }
    }

    /// Whether a word stands for a dot: `lee dot example`, `lee[dot]example`.
    fn is_dot(self, word: usize) -> bool {
        word > 0 && self.word(word).eq_ignore_ascii_case("dot") && is_blank(self.gap(word - 1)) && is_blank(self.gap(word))
    }
}

/// Blanks and brackets, which set a word apart that stands for a sign.
fn is_blank(gap: &str) -> bool {
    !gap.is_empty() && gap.len() <= 4 && gap.chars().all(|sign| sign.is_ascii_whitespace() || "()[]{}<>".contains(sign))
}

/// A sign that blanks or brackets set apart.
fn is_parted_sign(gap: &str) -> bool {
    gap.len() > 1
        && gap.split_once('@').is_some_and(|(before, after)| {
            let is_blank = |side: &str| side.is_empty() || is_blank(side);
            is_blank(before) && is_blank(after)
        })
}
