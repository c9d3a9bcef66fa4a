//! What a scan found, in words: the same for the scan itself and for the attestation that states it.

use crate::finding::Outcome;
use crate::finding::Phase;
use crate::finding::Tried;
use crate::finding::coverage::Target;
use crate::finding::declaration::BeyondUse;
use crate::finding::declaration::Declarations;
use crate::finding::declaration::Exclusion;
use crate::finding::declaration::Policy;
use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::finding::verdict::Judgement;
use crate::finding::verdict::ReasonCode;
use crate::finding::verdict::Verdict;
use crate::finding::verdict::group;
use crate::finding::verdict::meaning;
use crate::finding::verdict::overlaps;
use crate::ledger::entry::ExceptionEntry;
use crate::ledger::entry::RefusedEntry;
use crate::match_key::strength::Class;
use crate::report::text::Align;
use crate::report::text::Style;
use crate::report::text::count;
use crate::report::text::table;
use crate::report::text::word;
use crate::support::number::of;
use crate::support::sanitize::clean;
use crate::verification::appraisal;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Reasons, gaps and findings that are listed before the rest is only counted.
const MOST_LINES: usize = 40;

/// Gaps of one sort that are each listed with their help.
const FEW_ALIKE: usize = 3;

/// Places of one sort of gap that are listed before the rest is only counted.
const MOST_ALIKE: usize = 12;

/// Places that are listed where gaps are too many to be listed one by one: of all codes together.
const MOST_PLACES: usize = 500;

/// The result of a scan.
pub(crate) fn outcome(phase: Phase, policy: &Policy, judgement: &Judgement, outcome: &Outcome, style: Style) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Verdict ({}): {}", phase.word(), word(judgement.verdict.word(), style));
    let _ = writeln!(text, "{}\n", meaning(judgement.verdict, outcome));
    text.push_str(&targets(&outcome.targets, outcome.asked(), style));
    text.push_str(&resumed(&outcome.targets));
    text.push_str(&reasons(judgement));
    for overlap in overlaps(policy, outcome) {
        let _ = writeln!(
            text,
            "Declared overlap: {} of the people in `{}` are held lawfully as `{}` ({}); declared by the recipient, accepted by the originator.",
            count(overlap.records),
            clean(&overlap.target),
            clean(&overlap.declaration),
            clean(&overlap.source)
        );
    }
    text.push_str(&gaps("Gaps (what was not seen):", &outcome.gaps, "`--format json`"));
    text.push_str(&excluded(&outcome.excluded));
    text.push_str(&controls(outcome.sentinels, outcome.known_answers));
    if phase != Phase::Baseline && judgement.verdict == Verdict::Clear {
        text.push_str("This does not prove that no copy exists elsewhere, nor that the bytes are gone from disks and backups.\n");
    }
    text
}

/// The table of targets, with the number of records found of all `records`, controls included.
pub(crate) fn targets(targets: &[Target], records: u64, style: Style) -> String {
    let found = format!("found of {}", count(records));
    let head = [
        ("target", Align::Left),
        ("rows", Align::Right),
        ("without key", Align::Right),
        (found.as_str(), Align::Right),
        ("S", Align::Right),
        ("P", Align::Right),
        ("A above chance", Align::Right),
    ];
    let most = |target: &Target, class: Class| {
        let results = target.by_key.iter().filter(|result| result.class == class).peekable();
        let mut results = results;
        results.peek().is_some().then(|| results.map(|result| result.distinct_records).max().unwrap_or(0))
    };
    let shown = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), count);
    let rows = targets.iter().map(|target| {
        let excess: Vec<&str> = (target.by_key.iter())
            .filter(|result| result.class == Class::Aggregate && result.distinct_records > result.bound())
            .map(|result| result.key.as_str())
            .collect();
        vec![
            target.name.clone(),
            count(target.rows_read),
            count(target.rows_without_key),
            count(target.records_found),
            shown(most(target, Class::Supply)),
            shown(most(target, Class::Person)),
            if excess.is_empty() { "none".to_owned() } else { excess.len().to_string() },
        ]
    });
    let mut text = table(&head, rows, style);
    text.push_str(
        "S: supplied records found; P: people found; A: keys that agree more often than coincidence explains; –: no such key could be formed.\n",
    );
    text
}

/// The targets that an earlier run of the scan read.
pub(crate) fn resumed(targets: &[Target]) -> String {
    let mut taken: Vec<(&str, &str)> =
        targets.iter().filter_map(|target| Some((target.resumed.as_deref()?, &*target.name))).collect();
    taken.sort_unstable();
    let Some(((first, _), (last, _))) = taken.first().zip(taken.last()) else { return String::new() };
    let mut text = format!(
        "Taken over from an earlier run of this scan, with the same content now: {}, read from {} to {}:\n",
        of(taken.len() as u64, "target"),
        clean(first),
        clean(last)
    );
    for (_, name) in taken.iter().take(MOST_ALIKE) {
        let _ = writeln!(text, "  {}", clean(name));
    }
    if taken.len() > MOST_ALIKE {
        let _ = writeln!(text, "  and {} more", count((taken.len() - MOST_ALIKE) as u64));
    }
    text
}

/// How each target was read, and what its columns were taken for.
pub(crate) fn readings(targets: &[Target]) -> String {
    let mut text = String::new();
    for target in targets {
        let reading: Vec<String> =
            target.reading.iter().map(|(name, value)| format!(", {} `{}`", clean(name), clean(value))).collect();
        let _ = writeln!(text, "  {} ({}{})", clean(&target.name), clean(&target.kind), reading.concat());
        let columns = |is_field: bool| -> Vec<String> {
            let is_other = |word: &str| matches!(word, "text" | "excluded");
            (target.columns.iter().filter(|column| is_other(&column.taken_for) != is_field))
                .map(|column| match column.by.as_str() {
                    "values" if !is_field => format!("`{}` as {}", clean(&column.name), clean(&column.taken_for)),
                    by => format!("`{}` as {} (by {})", clean(&column.name), clean(&column.taken_for), clean(by)),
                })
                .collect()
        };
        for (what, columns) in [("of a person", columns(true)), ("besides", columns(false))] {
            if !columns.is_empty() {
                let _ = writeln!(text, "    {what}: {}", columns.join(", "));
            }
        }
    }
    if text.is_empty() { text } else { format!("What was read, and what each column was taken for:\n{text}") }
}

/// The keys that found something, target by target.
pub(crate) fn keys_found(targets: &[Target], style: Style) -> String {
    let head = [
        ("target", Align::Left),
        ("key", Align::Left),
        ("class", Align::Left),
        ("records", Align::Right),
        ("rows", Align::Right),
        ("by chance", Align::Right),
    ];
    let found =
        |target: &'_ Target| target.by_key.iter().filter(|result| result.distinct_records > 0).cloned().collect::<Vec<_>>();
    let results = targets.iter().flat_map(|target| found(target).into_iter().enumerate().map(move |result| (target, result)));
    let rows: Vec<Vec<String>> = results
        .map(|(target, (number, result))| {
            vec![
                // A target is named once, before its first key.
                if number == 0 { target.name.clone() } else { String::new() },
                result.key.clone(),
                result.class.letter().to_owned(),
                count(result.distinct_records),
                count(result.rows),
                format!("up to {}", count(result.bound())),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "Keys that found something: none\n".to_owned();
    }
    format!("Keys that found something:\n{}", table(&head, rows, style))
}

/// Why a verdict is no better, and what can be done about it. Gaps are counted only: they are listed by themselves.
pub(crate) fn reasons(judgement: &Judgement) -> String {
    let groups = group(&judgement.reasons);
    let (gaps, others): (Vec<_>, Vec<_>) = groups.iter().partition(|reasons| reasons.code == ReasonCode::Gap);
    if groups.is_empty() {
        return String::new();
    }
    let mut text = "Reasons:\n".to_owned();
    for reasons in others.iter().take(MOST_LINES) {
        let _ = writeln!(text, "  {}: {}", reasons.code.word(), appraisal::words(reasons));
        let _ = writeln!(text, "    help: {}", appraisal::help(reasons.code, reasons.count));
    }
    if let Some(more) = others.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {} more", count(more as u64));
    }
    if !gaps.is_empty() {
        let _ = writeln!(text, "  {}: not all was seen: {}, listed below", ReasonCode::Gap.word(), of(gaps.len() as u64, "gap"));
    }
    text
}

/// What was not seen, and what can be done about it.
/// `rest` says what lists every gap, where they are too many to be listed here.
pub(crate) fn gaps(title: &str, gaps: &[Gap], rest: &str) -> String {
    if gaps.is_empty() {
        return String::new();
    }
    if gaps.len() > MOST_LINES {
        return gaps_by_target(title, gaps, rest);
    }
    let mut text = format!("{title}\n");
    for gap in gaps {
        let column = gap.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
        let number = gap.count.map_or_else(String::new, |number| format!(" ({})", count(number)));
        let _ = writeln!(text, "  {}: `{}`{column}: {}{number}", gap.code, clean(&gap.target), clean(&gap.detail));
        let _ = writeln!(text, "    help: {}", gap.code.help());
    }
    text
}

/// Gaps that are too many to be listed one by one: under each code every target once, so that one target does not crowd out the others.
fn gaps_by_target(title: &str, all: &[Gap], rest: &str) -> String {
    let mut by_code: BTreeMap<GapCode, BTreeMap<&str, Vec<&Gap>>> = BTreeMap::new();
    for gap in all {
        by_code.entry(gap.code).or_default().entry(&gap.target).or_default().push(gap);
    }
    let most = MOST_PLACES / by_code.len();
    let mut text = format!("{title}\n");
    for (code, targets) in by_code {
        let gaps = targets.values().map(Vec::len).sum::<usize>() as u64;
        let _ = writeln!(text, "  {code}: {}, in {}:", of(gaps, "gap"), of(targets.len() as u64, "target"));
        for (target, gaps) in targets.iter().take(most) {
            let (Some(first), more) = (gaps.first(), gaps.len() - 1) else { continue };
            let column = first.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
            let number = first.count.map_or_else(String::new, |number| format!(" ({})", count(number)));
            let others = if more > 0 { format!("; and {} more of it", count(more as u64)) } else { String::new() };
            let _ = writeln!(text, "    `{}`{column}: {}{number}{others}", clean(target), clean(&first.detail));
        }
        if let Some(more) = targets.len().checked_sub(most).filter(|more| *more > 0) {
            let _ = writeln!(text, "    and {} more", count(more as u64));
        }
        let _ = writeln!(text, "    help: {}", code.help());
    }
    let _ = writeln!(text, "  These are {}; {rest} lists every one.", of(all.len() as u64, "gap"));
    text
}

/// What would not be seen, for a look beforehand: what is said of many places is said once, with the first of them, or with all.
pub(crate) fn gaps_together(title: &str, all: &[Gap], has_all: bool) -> String {
    let mut alike: BTreeMap<(GapCode, &str), Vec<&Gap>> = BTreeMap::new();
    for gap in all {
        alike.entry((gap.code, &gap.detail)).or_default().push(gap);
    }
    if alike.values().all(|group| group.len() <= FEW_ALIKE) && all.len() <= MOST_LINES {
        return gaps(title, all, "");
    }
    let mut text = format!("{title}\n");
    for ((code, detail), group) in alike {
        let place = |gap: &&Gap| {
            let column = gap.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
            let number = gap.count.map_or_else(String::new, |number| format!(" ({})", count(number)));
            format!("`{}`{column}{number}", clean(&gap.target))
        };
        let most = if has_all { group.len() } else { MOST_ALIKE };
        let _ = match group.as_slice() {
            [gap] => writeln!(text, "  {code}: {}: {}", place(gap), clean(detail)),
            _ => writeln!(text, "  {code}: {}, in {}:", clean(detail), of(group.len() as u64, "place")),
        };
        if group.len() > 1 {
            for gap in group.iter().take(most) {
                let _ = writeln!(text, "    {}", place(gap));
            }
            if let Some(more) = group.len().checked_sub(most).filter(|more| *more > 0) {
                let _ = writeln!(text, "    and {more} more, which `-v` shows");
            }
        }
        let _ = writeln!(text, "    help: {}", code.help());
    }
    text
}

/// What was left out on purpose.
pub(crate) fn excluded(excluded: &[Exclusion]) -> String {
    let mut text = String::new();
    for exclusion in excluded {
        let column = exclusion.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
        let _ = writeln!(text, "Left out: `{}`{column}: {}", clean(&exclusion.target), clean(&exclusion.reason));
    }
    text
}

/// How the scan saw itself work.
pub(crate) fn controls(sentinels: Tried, known_answers: Tried) -> String {
    format!(
        "Sentinels found: {} of {}. Known answers found: {} of {}.\n",
        count(sentinels.found),
        count(sentinels.tried),
        count(known_answers.found),
        count(known_answers.tried)
    )
}

/// What a recipient declares, for the originator to accept or not; empty where nothing is declared.
pub(crate) fn declared(declared: &Declarations) -> String {
    let text = declarations(declared);
    if text.is_empty() { text } else { format!("Declared by the recipient, not verified:\n{text}") }
}

/// Declarations that the originator refuses, one a line.
pub(crate) fn refused(refused: &[RefusedEntry]) -> String {
    let mut text = String::new();
    for item in refused {
        let _ = writeln!(text, "Refused: {}", item.words());
    }
    text
}

/// Declarations, one a line.
pub(crate) fn declarations(declared: &Declarations) -> String {
    let mut text = String::new();
    for lawful in &declared.lawful_sources {
        let rows = lawful
            .rows
            .as_ref()
            .map_or_else(String::new, |rows| format!(", rows whose `{}` is `{}`", clean(&rows.column), clean(&rows.equals)));
        let _ = writeln!(
            text,
            "  lawful source `{}`: `{}`{rows}: {}",
            clean(&lawful.name),
            clean(&lawful.target),
            clean(&lawful.source)
        );
    }
    for removed in &declared.removed {
        let _ = writeln!(text, "  removed: `{}`: {}", clean(&removed.target), clean(&removed.reason));
    }
    for backup in &declared.backups {
        let _ = writeln!(
            text,
            "  backup `{}`: last copy {}, gone on {}; rotation: {}; {}",
            clean(&backup.system),
            clean(&backup.last_copy),
            clean(&backup.roll_off),
            clean(&backup.rotation),
            promises(&backup.beyond_use)
        );
    }
    for system in &declared.not_scanned {
        let _ = writeln!(text, "  not scanned: `{}`: {}", clean(&system.system), clean(&system.reason));
    }
    for onward in &declared.onward {
        let named = match onward.attestations.len() {
            0 => String::new(),
            number => format!("; names {} of it", of(number as u64, "attestation")),
        };
        let _ = writeln!(text, "  passed on to `{}`: {}{named}", clean(&onward.recipient), clean(&onward.reason));
    }
    for exclusion in &declared.exclusions {
        let column = exclusion.column.as_ref().map_or_else(String::new, |column| format!(", column `{}`", clean(column)));
        let _ = writeln!(text, "  left out: `{}`{column}: {}", clean(&exclusion.target), clean(&exclusion.reason));
    }
    text
}

/// Copies in backups that a clear appraisal does not speak for, one a line.
pub(crate) fn exceptions(exceptions: &[ExceptionEntry], indent: &str) -> String {
    exceptions.iter().fold(String::new(), |text, exception| {
        let [system, last_copy, roll_off, rotation] =
            [&exception.system, &exception.last_copy, &exception.roll_off, &exception.rotation].map(|part| clean(part));
        text + &format!(
            "{indent}except for backup `{system}`: last copy {last_copy}, overwritten on {roll_off}; rotation: {rotation}\n"
        )
    })
}

/// Which of the conditions of data put beyond use a recipient promises.
fn promises(beyond_use: &BeyondUse) -> String {
    let conditions = [
        (beyond_use.not_used, "not used"),
        (beyond_use.not_shared, "not shared"),
        (beyond_use.secured, "secured"),
        (beyond_use.will_be_deleted, "to be deleted once possible"),
    ];
    let listed = |is_promised: bool| {
        let words: Vec<&str> = conditions.iter().filter(|(given, _)| *given == is_promised).map(|(_, word)| *word).collect();
        words.join(", ")
    };
    match (listed(true), listed(false)) {
        (given, refused) if refused.is_empty() => format!("promised: {given}"),
        (given, refused) if given.is_empty() => format!("not promised: {refused}"),
        (given, refused) => format!("promised: {given}; not promised: {refused}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::gap::GapCode;
    use crate::finding::verdict::Reason;
    use crate::support::snapshot;

    /// One file with many gaps does not keep those of others out of the list.
    #[test]
    fn every_target_with_a_gap_is_named() {
        let gap = |target: &str, column: Option<String>, code| Gap {
            target: target.to_owned(),
            column,
            code,
            count: Some(3),
            detail: "what was seen".to_owned(),
        };
        let mut all: Vec<Gap> =
            (0..2_813).map(|column| gap("app.min.js", Some(format!("c{column}")), GapCode::UnmappedPersonal)).collect();
        all.extend((0..50).map(|file| gap(&format!("exports/{file}.png"), None, GapCode::Unsupported)));
        all.push(gap("crm.csv", Some("notes".into()), GapCode::UnmappedPersonal));
        let text = gaps("Gaps:", &all, "`--format json`");
        for gap in &all {
            assert!(text.contains(&format!("`{}`", gap.target)), "{text}");
        }
        assert!(text.contains("unmapped_personal: 2,814 gaps, in 2 targets:\n    `app.min.js`, column `c0`: what was seen (3); and 2,812 more of it\n"));
        assert!(text.contains("    `crm.csv`, column `notes`: what was seen (3)\n"));
        assert_eq!(text.matches("help: ").count(), 2);
        assert!(text.ends_with("These are 2,864 gaps; `--format json` lists every one.\n"), "{text}");
        // However many targets there are, a code has its lines.
        let many: Vec<Gap> = (0..5_000).map(|file| gap(&format!("{file:04}.png"), None, GapCode::Unsupported)).collect();
        let text = gaps("Gaps:", &[many, all].concat(), "`--format json`");
        assert!(
            text.lines().count() < MOST_PLACES + 10 && text.contains("`crm.csv`") && text.contains("    and 4,800 more\n"),
            "{text}"
        );
    }

    /// Every gap and every reason as people read it. A new one shows here, with its help.
    #[test]
    fn gaps_and_reasons_read_well() {
        let mut text = String::new();
        for code in GapCode::ALL {
            let gap = Gap {
                target: "sqlite:crm.db#contacts".into(),
                column: Some("notes".into()),
                code,
                count: Some(1_234),
                detail: "what was seen".into(),
            };
            text.push_str(&gaps("", &[gap], ""));
        }
        for (code, number) in ReasonCode::ALL.into_iter().flat_map(|code| [(code, 1), (code, 1_234)]) {
            let reason = Reason {
                code,
                place: Some("sqlite:crm.db#contacts".into()),
                key: Some("name_postcode_dob".into()),
                count: Some(number),
            };
            text.push_str(&reasons(&Judgement { verdict: code.verdict(), reasons: vec![reason] }));
        }
        snapshot::holds("gaps-and-reasons.txt", &text);
    }
}
