//! Pages for a browser: one file each, which loads nothing, and runs no script but the ones that it was written with.
//!
//! A page is a convenience: what it shows is evidence only as far as the signed documents in it are, and it says so. All that comes from outside
//! stands in it as text, by [`shown`] and by the types of `maud`; nothing is ever put together as markup out of strings.

pub(crate) mod board;
mod coverage;
mod declared;
mod evidence;
mod picture;
pub(crate) mod supply;
mod time_line;
pub(crate) mod verifier;

use crate::support::sanitize::is_harmful;
use data_encoding::BASE64;
use maud::DOCTYPE;
use maud::Markup;
use maud::PreEscaped;
use maud::html;
use sha2::Digest as _;
use sha2::Sha256;

/// How all pages look.
const STYLE: &str = include_str!("html/style.css");

/// The scripts of a page with a signed document in it.
const SCRIPTS: &[&str] = &[verifier::ENVELOPE, include_str!("html/filter.js"), include_str!("html/report.js")];

/// The script of a page without one.
const BOARD_SCRIPT: &str = include_str!("html/filter.js");

/// The longest text from outside that is shown, in characters.
const LONGEST: usize = 2_000;

/// One page.
pub(crate) struct Page<'a> {
    /// What stands in the browser's title bar.
    pub(crate) title: &'a str,
    /// The scripts, in the order in which they run.
    pub(crate) scripts: &'a [&'a str],
    /// What the scripts read: the id of each block, and JSON.
    pub(crate) data: &'a [(&'a str, String)],
    /// What is shown.
    pub(crate) body: Markup,
}

impl Page<'_> {
    /// The whole file. Its policy names each script and the style by digest, so that one that was altered does not run.
    ///
    /// `data-state` of the document says how far the scripts have come: `unchecked` until one runs, then `checking`, and at last `holds`, `fails`,
    /// `incomplete` or `unsupported`.
    pub(crate) fn render(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" data-state="unchecked" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(self.policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    meta name="robots" content="noindex";
                    title { (shown(self.title)) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    (self.body)
                    @for (id, json) in self.data {
                        // No text of JSON can end the block: `<` has another spelling in it.
                        script type="application/json" id=(id) { (PreEscaped(json.replace('<', "\\u003c"))) }
                    }
                    @for script in self.scripts {
                        script { (PreEscaped(script)) }
                    }
                }
            }
        };
        page.into_string()
    }

    /// The content-security policy (level 3, with trusted types).
    fn policy(&self) -> String {
        let scripts: Vec<String> = self.scripts.iter().map(|script| digest(script)).collect();
        let scripts = if scripts.is_empty() { "'none'".to_owned() } else { scripts.join(" ") };
        format!(
            "default-src 'none'; script-src {scripts}; style-src {}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            digest(STYLE)
        )
    }
}

/// A script or style as a policy names it.
fn digest(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)))
}

/// Text from outside as a page shows it: what would hide or reorder other text is spelt out, and what is very long is cut. Escaping is `maud`'s part.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        if is_harmful(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A sentence of the program in which names stand between backticks: those are set apart. A backtick in a name does no harm.
fn prose(text: &str) -> Markup {
    let text = shown(text);
    let parts: Vec<&str> = text.split('`').collect();
    // An odd one out is a backtick of somebody's own.
    let is_paired = parts.len() % 2 == 1;
    html! {
        @if is_paired {
            @for (number, part) in parts.into_iter().enumerate() { @if number % 2 == 1 { code { (part) } } @else { (part) } }
        } @else { (text) }
    }
}

/// Text that stands in the signed document at this path: the script holds the one against the other.
fn signed(path: &str, text: &str) -> Markup {
    html! { span data-signed=(path) { (shown(text)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let hostile = "</script><script>alert(1)</script>\u{202e}\" onload=\"x";
        let data = serde_json::to_string(hostile).unwrap();
        let body = html! { p title=(shown(hostile)) { (shown(hostile)) } };
        let page = Page { title: hostile, scripts: &["'use strict';"], data: &[("data", data)], body }.render();
        assert_eq!(page.matches("<script").count(), 2, "{page}");
        assert!(!page.contains("alert(1)</script>"), "{page}");
        let (shown, _) = page.split_once("<script").unwrap();
        assert!(!shown.contains("\" onload") && !shown.contains('\u{202e}'), "{shown}");
    }

    #[test]
    fn each_script_is_named_by_its_digest() {
        let page = Page { title: "", scripts: &["alert(1)"], data: &[], body: html! {} }.render();
        // `printf 'alert(1)' | openssl dgst -sha256 -binary | base64`
        assert!(page.contains("script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=';"), "{page}");
    }

    #[test]
    fn the_style_is_one_that_a_page_can_hold() {
        assert!(
            !STYLE.contains("</")
                && STYLE.matches("url(").count() == STYLE.matches("url(\"#").count()
                && !STYLE.contains("@import")
        );
    }
}
