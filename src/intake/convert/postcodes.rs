//! Postcodes of a table with several columns of them: two codes of one row, or the halves of one.

use super::Converter;
use super::LONGEST_FIELD;
use super::Side;
use crate::record::RecordBatch;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::postcode;
use crate::record::normalize::postcode::Halves;

impl Converter {
    /// Reads the columns of postcodes, where there are several: each cell alone, and every two neighbours together.
    pub(super) fn postcodes(&mut self, cells: &[Option<&str>], records: &mut RecordBatch) -> bool {
        let columns = std::mem::take(&mut self.postcodes);
        let (mut is_unreadable, mut place) = (false, 0);
        while let Some(index) = columns.get(place).copied() {
            place += 1;
            let Some(cell) = cell_of(cells, index) else { continue };
            let next = columns.get(place).and_then(|next| Some((*next, cell_of(cells, *next)?)));
            if let Some((next, other)) = next {
                let halves = postcode::joined(cell, other, &mut self.scratch);
                let is_turned = halves != Halves::Unit && postcode::joined(other, cell, &mut self.scratch) == Halves::Unit;
                if halves == Halves::Unit || is_turned {
                    records.push(Slot::Postcode, &self.scratch);
                    self.count(index, Reading::Value);
                    self.count(next, Reading::Value);
                    place += 1;
                    continue;
                }
                // A manifest holds one form, and this may be none.
                if halves == Halves::Perhaps && self.side == Side::Recipient {
                    postcode::joined(cell, other, &mut self.scratch);
                    records.push(Slot::Postcode, &self.scratch);
                }
            }
            let reading = self.simple(cell, Slot::Postcode, postcode::canonical, records);
            is_unreadable |= self.judge(index, reading, cell);
        }
        self.postcodes = columns;
        is_unreadable
    }
}

/// A cell, if there is one and it is not too long for a field.
fn cell_of<'a>(cells: &[Option<&'a str>], index: usize) -> Option<&'a str> {
    cells.get(index).copied().flatten().filter(|cell| cell.len() <= LONGEST_FIELD)
}
