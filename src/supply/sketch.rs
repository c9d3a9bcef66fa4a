//! A sketch of the supplied records: enough of them to plan match keys by.

use crate::intake::Mapping;
use crate::intake::convert::Converter;
use crate::intake::convert::Side;
use crate::match_key::atom::Atom;
use crate::match_key::atom::AtomBatch;
use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::source::Locator;
use crate::source::RowBatch;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::Stopped;
use crate::supply::Draft;
use crate::supply::SupplyError;
use crate::supply::press::Spans;
use crate::supply::sample::Sampled;
use crate::supply::sample::Sampler;
use crate::supply::sample::is_drawn;
use crate::support::progress::Cancel;
use crate::support::progress::Progress;
use rayon::prelude::*;

/// Records of a sketch; of more, every n-th.
const SIZE: u64 = 1 << 18;

/// Records of each part of the data that are read as a recipient's rows too, to see how many forms their atoms have there.
const FORMS: usize = 1 << 10;

/// What was drawn.
pub(super) struct Sketch {
    /// How the sample is read.
    pub(super) sampler: Sampler,
    /// The records.
    pub(super) sample: Vec<Sampled>,
    /// The spread of dates and numbers.
    pub(super) spans: Spans,
    /// How many forms a recipient's row has of each atom of which it has any. A date counts once: in how many ways a recipient's
    /// dates can be read is for nobody to know.
    pub(super) forms: Vec<f64>,
}

/// Reads the data and keeps a sketch of them.
pub(super) fn take(
    session: &dyn Session,
    draft: &Draft,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Sketch, SupplyError> {
    let slots = draft.slots();
    let sampler = Sampler::new(|atom| slots.iter().any(|(slot, _)| *slot == atom.slot()));
    let read = |(split, base): &(Split, u64)| {
        let mut sink = SketchSink::new(&draft.mapping, &sampler, draft.records(), *base, progress);
        let report = session.read(split, &mut sink, cancel)?;
        match report.problems.into_iter().next() {
            Some(problem) => Err(SupplyError::Source(problem)),
            None => Ok((sink.sample, sink.spans, sink.forms)),
        }
    };
    let parts: Result<Vec<_>, SupplyError> =
        if session.is_parallel() { draft.parts.par_iter().map(read).collect() } else { draft.parts.iter().map(read).collect() };
    let (mut sample, mut spans, mut forms) = (Vec::new(), Spans::default(), vec![(0, 0); Atom::ALL.len()]);
    for (part, part_spans, part_forms) in parts? {
        sample.extend(part);
        spans.merge(&part_spans);
        for ((rows, count), (part_rows, part_count)) in forms.iter_mut().zip(part_forms) {
            *rows += part_rows;
            *count += part_count;
        }
    }
    let forms = forms.into_iter().map(|(rows, count)| if rows == 0 { 1.0 } else { count as f64 / rows as f64 }).collect();
    Ok(Sketch { sampler, sample, spans, forms })
}

struct SketchSink<'a> {
    sampler: &'a Sampler,
    records: u64,
    next_row: u64,
    progress: &'a dyn Progress,
    converter: Converter,
    as_recipient: Converter,
    drawn: RowBatch,
    converted: RecordBatch,
    atoms: AtomBatch,
    sample: Vec<Sampled>,
    spans: Spans,
    /// For each atom, the rows that have it, and the forms of it that they have.
    forms: Vec<(u64, u64)>,
}

impl<'a> SketchSink<'a> {
    fn new(mapping: &Mapping, sampler: &'a Sampler, records: u64, base: u64, progress: &'a dyn Progress) -> Self {
        SketchSink {
            sampler,
            records,
            next_row: base,
            progress,
            converter: Converter::new(mapping, Side::Originator),
            as_recipient: Converter::new(mapping, Side::Recipient),
            drawn: RowBatch::default(),
            converted: RecordBatch::new(),
            atoms: AtomBatch::default(),
            sample: Vec::new(),
            spans: Spans::default(),
            forms: vec![(0, 0); Atom::ALL.len()],
        }
    }

    fn count_forms(&mut self) {
        self.as_recipient.convert(&self.drawn, &mut self.converted);
        self.atoms.derive(&self.converted, &Atom::ALL);
        for atom in Atom::ALL {
            let (rows, count) = &mut self.forms[atom as usize];
            for forms in (0..self.drawn.rows()).map(|row| self.atoms.count(atom, row)).filter(|forms| *forms > 0) {
                *rows += 1;
                *count += if matches!(atom.slot(), Slot::Birth | Slot::Child) { 1 } else { forms as u64 };
            }
        }
    }
}

impl Sink for SketchSink<'_> {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        self.drawn.clear();
        for row in 0..batch.rows() {
            if is_drawn(self.next_row + row as u64, self.records, SIZE) {
                for cell in batch.row(row) {
                    self.drawn.push_cell(cell.map(str::as_bytes));
                }
                self.drawn.end_row(Locator::None);
            }
        }
        if self.sample.len() < FORMS {
            self.count_forms();
        }
        self.converter.convert(&self.drawn, &mut self.converted);
        self.atoms.derive(&self.converted, &self.sampler.atoms().collect::<Vec<_>>());
        self.spans.see(&self.converted);
        self.sample.extend((0..self.drawn.rows()).map(|row| self.sampler.sample(&self.atoms, row)));
        self.next_row += batch.rows() as u64;
        self.progress.advance(batch.rows() as u64, batch.bytes() as u64);
        Ok(batch)
    }
}
