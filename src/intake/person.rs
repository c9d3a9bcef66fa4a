//! Cells that come from no source: a person who was invented, or whom somebody asks about.

use crate::intake::By;
use crate::intake::Mapping;
use crate::intake::Taken;
use crate::intake::convert::Converter;
use crate::intake::convert::Side;
use crate::record::RecordBatch;
use crate::record::field::Field;
use crate::record::field::Kind;
use crate::record::field::Role;
use crate::record::normalize::digest;
use crate::record::schema::Usage;
use crate::source::Locator;
use crate::source::RowBatch;

/// What each cell of a row holds.
pub(crate) type Columns<'a> = &'a [(Kind, Role)];

/// Rows as one side reads them, a record each. An empty cell holds nothing.
pub(crate) fn records<'c>(columns: Columns<'_>, rows: impl IntoIterator<Item = Vec<&'c str>>, side: Side) -> RecordBatch {
    let mut taken: Vec<Taken> = Vec::with_capacity(columns.len() + 1);
    for (kind, role) in columns {
        let usage = Field::new(*kind, *role).map_or(Usage::Text, Usage::Field);
        taken.push(Taken::new("", usage, By::Person));
    }
    if side == Side::Recipient {
        taken.push(Taken::new("", Usage::Text, By::Person));
    }
    let mut batch = RowBatch::default();
    for cells in rows {
        let mut digests = String::new();
        for ((kind, _), cell) in columns.iter().zip(&cells) {
            batch.push_text(cell);
            if *kind == Kind::Email {
                digest::of_email(cell, &mut |digest| {
                    digests.push_str(digest);
                    digests.push(' ');
                });
            }
        }
        if side == Side::Recipient {
            // The digests of the addresses, which a recipient's side finds, and does not make.
            batch.push_text(&digests);
        }
        batch.end_row(Locator::None);
    }
    let mut records = RecordBatch::new();
    Converter::new(&Mapping { columns: taken, is_deep: false }, side).with_digests(true).convert(&batch, &mut records);
    records
}
