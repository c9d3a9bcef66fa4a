//! Days that stand in three columns, read as one.

use super::Converter;
use super::LONGEST_FIELD;
use super::Side;
use super::Step;
use crate::intake::Mapping;
use crate::intake::infer::days_in_parts;
use crate::record::RecordBatch;
use crate::record::field::Kind;
use crate::record::field::Slot;
use crate::record::normalize::Reading;
use crate::record::normalize::date::DateOrder;
use crate::record::normalize::placeholder::is_placeholder;
use crate::record::normalize::plain;

/// A part of a day is no longer, unless it is a word; a day is.
const LONGEST_PART: usize = 4;

/// A day, a month and a year that belong together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parted {
    columns: [usize; 3],
    slot: Option<Slot>,
    is_birth: bool,
}

/// The days of a table that stand in three columns. Their steps are nothing but to be joined.
pub(super) fn parted(mapping: &Mapping, plan: &mut [Step]) -> Vec<Parted> {
    let mut found = Vec::new();
    for columns in days_in_parts(&mapping.columns) {
        if let Some(Step::Date { slot, is_birth, .. }) = plan.get(columns[0]).copied() {
            found.push(Parted { columns, slot, is_birth });
            for index in columns {
                plan[index] = Step::Joined(Kind::Date);
            }
        }
    }
    found
}

impl Converter {
    pub(super) fn parted_days(&mut self, cells: &[Option<&str>], records: &mut RecordBatch) -> bool {
        let mut is_unreadable = false;
        for position in 0..self.parted_days.len() {
            let Parted { columns, slot, is_birth } = self.parted_days[position];
            let before = self.days;
            let cell =
                |index: usize| cells.get(index).copied().flatten().filter(|cell| cell.len() <= LONGEST_FIELD).unwrap_or("");
            let raw = columns.map(cell);
            let mut reading = self.joined_day(raw, slot, records);
            if reading != Reading::Value {
                for whole in raw.into_iter().filter(|cell| cell.trim().len() > LONGEST_PART) {
                    let is_day = self.date(whole, slot, None, records) == Reading::Value;
                    reading = if is_day { Reading::Value } else { reading };
                }
            }
            if reading == Reading::Value {
                self.days.cells = before.cells + 1;
                self.days.births = before.births + u32::from(is_birth);
            }
            self.days.is_unread |= is_birth && reading == Reading::Unreadable;
            for (index, raw) in columns.into_iter().zip(raw) {
                if !is_placeholder(raw) {
                    is_unreadable |= self.judge(index, reading, raw);
                }
            }
        }
        is_unreadable
    }

    fn joined_day(&mut self, raw: [&str; 3], slot: Option<Slot>, records: &mut RecordBatch) -> Reading {
        let is_nothing = |cell: &str| is_placeholder(cell) || cell.trim().bytes().all(|byte| byte == b'0');
        if raw.into_iter().all(is_nothing) {
            return Reading::Blank;
        }
        let texts = raw.map(plain);
        let [day, month, year] = [0, 1, 2].map(|part| texts[part].strip_suffix(".0").unwrap_or(&texts[part]));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(day) || !is_number(year) || day.is_empty() || month.is_empty() {
            return Reading::Unreadable;
        }
        let side = self.side;
        let join = if is_number(month) { "/" } else { " " };
        let mut read = |year: &str| self.date(&[day, month, year].join(join), slot, Some(DateOrder::Dmy), records);
        match (year.len(), side) {
            (2, Side::Recipient) => {
                let readings = ["19", "20"].map(|century| read(&format!("{century}{year}")));
                if readings.contains(&Reading::Value) { Reading::Value } else { readings[0] }
            }
            (2 | 4, _) => read(year),
            _ => Reading::Unreadable,
        }
    }
}
