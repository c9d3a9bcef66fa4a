//! What a source could not show, as gaps: the one place where a `source::Problem` gets the words of a scan.

use crate::finding::gap::Gap;
use crate::finding::gap::GapCode;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::convert::ColumnCounts;
use crate::intake::survey::target_name;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::source::Object;
use crate::source::Problem;
use crate::source::ProblemCode;
use crate::source::Session;

/// What an inventory already says that cannot be seen, but for what a person left out.
pub(crate) fn survey_gaps(session: &dyn Session, is_left_out: impl Fn(&str) -> bool, gaps: &mut Vec<Gap>) {
    let inventory = session.inventory();
    if inventory.blind {
        gaps.push(Gap {
            target: session.identity().name.clone(),
            column: None,
            code: GapCode::Blind,
            count: None,
            detail: "objects may exist that this account cannot list".to_owned(),
        });
    }
    source_gaps(session, &inventory.problems, is_left_out, gaps);
}

/// What is wrong with a source, before its reading or after, but for what a person left out.
pub(crate) fn source_gaps(session: &dyn Session, problems: &[Problem], is_left_out: impl Fn(&str) -> bool, gaps: &mut Vec<Gap>) {
    // A problem of the whole source is out of sight only where all that it holds is left out.
    let source = &session.identity().name;
    let mut names = session.inventory().objects.iter().map(|object| target_name(session, object)).peekable();
    let is_whole_left_out = names.peek().is_some() && names.all(|name| is_left_out(&name));
    let is_seen = |gap: &Gap| if gap.target == *source { !is_whole_left_out } else { !is_left_out(&gap.target) };
    gaps.extend(problems.iter().map(|problem| gap_of(problem, None)).filter(is_seen));
}

/// What is known of an object before its rows are read. What a person left out of it is an exclusion.
pub(crate) fn object_gaps(name: &str, object: &Object, mapping: &Mapping, gaps: &mut Vec<Gap>) {
    let gap = |column: Option<&str>, code, detail: &str| Gap {
        target: name.to_owned(),
        column: column.map(str::to_owned),
        code: gap_code(code),
        count: None,
        detail: detail.to_owned(),
    };
    if let Some((code, detail)) = object.access.problem() {
        gaps.push(gap(None, code, detail));
    }
    if !object.access.is_readable() {
        // What is said of the whole is not said again of each column.
        return;
    }
    let is_left_out = |column: &str| mapping.columns.iter().any(|taken| taken.name == *column && taken.is_left_out());
    for column in object.columns.iter().filter(|column| !is_left_out(&column.name)) {
        if let Some((code, detail)) = column.access.problem() {
            gaps.push(gap(Some(&column.name), code, detail));
        }
    }
}

/// What the cells of a target say that was not seen, or not understood: `counts` has a column each, `overflow` the personal cells beyond them.
pub(crate) fn column_gaps(target: &str, mapping: &Mapping, counts: &[ColumnCounts], overflow: u64, gaps: &mut Vec<Gap>) {
    let mut push = |column: Option<&str>, code, count, detail: &str| {
        gaps.push(Gap {
            target: target.to_owned(),
            column: column.map(str::to_owned),
            code,
            count: Some(count),
            detail: detail.to_owned(),
        });
    };
    if overflow > 0 {
        push(None, GapCode::UnmappedPersonal, overflow, "cells beyond the last column look personal");
    }
    for (taken, counts) in mapping.columns.iter().zip(counts) {
        // What a person left out is an exclusion, and to be accepted as one.
        let is_open = !taken.is_left_out();
        if is_open && counts.personal > 0 {
            let detail = match taken.field() {
                None => "cells look personal, and the column is taken for nothing of a person",
                Some(_) => "cells look personal, and are not of what the column is taken for",
            };
            push(Some(&taken.name), GapCode::UnmappedPersonal, counts.personal, detail);
        }
        if let Some(doubt) = taken.doubt.as_deref().filter(|_| is_open && counts.filled > 0) {
            push(Some(&taken.name), GapCode::UnmappedPersonal, counts.filled, doubt);
        }
        if is_open && let Some((code, count, detail)) = unseen_gap(taken, counts) {
            push(Some(&taken.name), code, count, detail);
        }
        // A date that is no day of anybody's life does not matter; that of a person does.
        let matters = taken.field().is_some_and(|field| field.role != Role::Event);
        if matters && counts.unreadable.saturating_mul(2) > counts.filled {
            let detail = format!("most values are no {}", taken.words());
            push(Some(&taken.name), GapCode::ImplausibleMapping, counts.unreadable, &detail);
        }
    }
}

/// Words in base64 from which on a column is one of them: of codes with four signs one in a hundred looks so.
const ENOUGH_WORDS: u64 = 2;

/// What a column is for the most part that nothing can be compared with. Of telephone numbers and identifiers, each that lost its end counts.
fn unseen_gap(taken: &Taken, counts: &ColumnCounts) -> Option<(GapCode, u64, &'static str)> {
    let is_most = |count: u64| count > 0 && count.saturating_mul(2) > counts.filled;
    let (hashed, encoded, rounded) = (counts.unseen.hashed(), counts.unseen.encoded, counts.unseen.rounded);
    let is_number = taken.field().is_some_and(|field| matches!(field.kind, Kind::Phone | Kind::Identifier));
    if rounded > 0 && is_number || taken.field().is_none() && is_most(rounded) {
        let detail = "numbers in scientific notation, whose last digits are lost";
        return Some((GapCode::RoundedNumbers, rounded, detail));
    }
    // Longer ones are read, and those of few letters are not to be told from words.
    let may_be_words = taken.field().is_none_or(|field| field.kind == Kind::Name);
    if may_be_words && counts.unseen.short >= ENOUGH_WORDS && counts.unseen.short.saturating_mul(4) > counts.filled {
        let detail = "many cells seem to be words in base64, which are too short to be read as such";
        return Some((GapCode::EncodedValues, counts.unseen.short, detail));
    }
    if !is_most(hashed.saturating_add(encoded)) {
        return None;
    }
    Some(if hashed >= encoded {
        (GapCode::HashedValues, hashed, "most cells are digests, and may be those of e-mail addresses or the like")
    } else {
        (GapCode::EncodedValues, encoded, "most cells are bytes in base64 or the like that are no readable text")
    })
}

/// A source's problem as a gap. `target` is the name of the object, where the problem is of one.
pub(crate) fn gap_of(problem: &Problem, target: Option<&str>) -> Gap {
    debug_assert_eq!(gap_code(problem.code).word(), problem.code.as_str(), "sources and scans have one word for a thing");
    let place = match (&problem.object, target) {
        (_, Some(target)) => target.to_owned(),
        (Some(object), None) if *object != problem.source => format!("{}#{object}", problem.source),
        _ => problem.source.clone(),
    };
    Gap {
        target: place,
        column: problem.column.clone(),
        code: gap_code(problem.code),
        count: problem.count,
        detail: problem.explanation(),
    }
}

fn gap_code(code: ProblemCode) -> GapCode {
    match code {
        ProblemCode::Unreadable => GapCode::Unreadable,
        ProblemCode::UnknownFormat => GapCode::UnknownFormat,
        ProblemCode::Unsupported => GapCode::Unsupported,
        ProblemCode::Denied => GapCode::Denied,
        ProblemCode::Filtered => GapCode::Filtered,
        ProblemCode::Empty => GapCode::Empty,
        ProblemCode::NotRegular => GapCode::NotRegular,
        ProblemCode::SymlinkLoop => GapCode::SymlinkLoop,
        ProblemCode::AmbiguousDelimiter => GapCode::AmbiguousDelimiter,
        ProblemCode::AmbiguousEncoding => GapCode::AmbiguousEncoding,
        ProblemCode::DoubtfulWidths => GapCode::DoubtfulWidths,
        ProblemCode::DoubtfulHeader => GapCode::DoubtfulHeader,
        ProblemCode::RaggedRows => GapCode::RaggedRows,
        ProblemCode::Undecodable => GapCode::Undecodable,
        ProblemCode::BinaryCells => GapCode::BinaryCells,
        ProblemCode::RowTooLong => GapCode::RowTooLong,
        ProblemCode::BeyondLimit => GapCode::BeyondLimit,
        ProblemCode::DuplicateColumn => GapCode::DuplicateColumn,
        ProblemCode::ChangedWhileRead => GapCode::ChangedWhileRead,
        ProblemCode::CutShort => GapCode::CutShort,
        ProblemCode::ReadFailed => GapCode::ReadFailed,
        ProblemCode::NotAsked => GapCode::NotAsked,
        ProblemCode::Stale => GapCode::Stale,
    }
}
