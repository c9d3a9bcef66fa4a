//! A value of a column in memory as the text that a CSV export of it would show.

mod moment;
mod number;

use arrow_array::Array;
use arrow_array::BinaryArray;
use arrow_array::BinaryViewArray;
use arrow_array::BooleanArray;
use arrow_array::Date32Array;
use arrow_array::Date64Array;
use arrow_array::Decimal32Array;
use arrow_array::Decimal64Array;
use arrow_array::Decimal128Array;
use arrow_array::Decimal256Array;
use arrow_array::DurationMicrosecondArray;
use arrow_array::DurationMillisecondArray;
use arrow_array::DurationNanosecondArray;
use arrow_array::DurationSecondArray;
use arrow_array::FixedSizeBinaryArray;
use arrow_array::Float16Array;
use arrow_array::Float32Array;
use arrow_array::Float64Array;
use arrow_array::Int8Array;
use arrow_array::Int16Array;
use arrow_array::Int32Array;
use arrow_array::Int64Array;
use arrow_array::IntervalDayTimeArray;
use arrow_array::IntervalMonthDayNanoArray;
use arrow_array::IntervalYearMonthArray;
use arrow_array::LargeBinaryArray;
use arrow_array::LargeStringArray;
use arrow_array::RunArray;
use arrow_array::StringArray;
use arrow_array::StringViewArray;
use arrow_array::Time32MillisecondArray;
use arrow_array::Time32SecondArray;
use arrow_array::Time64MicrosecondArray;
use arrow_array::Time64NanosecondArray;
use arrow_array::TimestampMicrosecondArray;
use arrow_array::TimestampMillisecondArray;
use arrow_array::TimestampNanosecondArray;
use arrow_array::TimestampSecondArray;
use arrow_array::UInt8Array;
use arrow_array::UInt16Array;
use arrow_array::UInt32Array;
use arrow_array::UInt64Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Decimal32Type;
use arrow_array::types::Decimal64Type;
use arrow_array::types::Decimal128Type;
use arrow_array::types::Decimal256Type;
use arrow_array::types::DecimalType;
use arrow_array::types::Int16Type;
use arrow_array::types::Int32Type;
use arrow_array::types::Int64Type;
use arrow_schema::DataType;
use arrow_schema::TimeUnit;
use moment::Zone;

/// What a column's bytes are said to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Bytes {
    /// Text.
    Text,
    /// Nobody says: text where they are text.
    Any,
    /// The sixteen bytes of a UUID.
    Uuid,
}

/// A value on its way to a cell.
pub(super) enum Shown<'a> {
    Null,
    /// Text, unless its bytes are none. With NUL bytes among them they are judged as bytes are.
    Text(&'a [u8]),
    /// Bytes that may be text.
    Bytes(&'a [u8]),
    Number(&'a str),
    /// What is neither text nor a number, in words.
    Word(&'a str),
}

/// Seconds, and what is left of one in nanoseconds.
type Clock = (i64, u32);

/// One column of a batch.
pub(super) enum Cells<'a> {
    Nothing,
    Boolean(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    UInt8(&'a UInt8Array),
    UInt16(&'a UInt16Array),
    UInt32(&'a UInt32Array),
    UInt64(&'a UInt64Array),
    Float16(&'a Float16Array),
    Float32(&'a Float32Array),
    Float64(&'a Float64Array),
    Decimal32(&'a Decimal32Array),
    Decimal64(&'a Decimal64Array),
    Decimal128(&'a Decimal128Array),
    Decimal256(&'a Decimal256Array),
    Date32(&'a Date32Array),
    Date64(&'a Date64Array),
    TimeSecond(&'a Time32SecondArray),
    TimeMilli(&'a Time32MillisecondArray),
    TimeMicro(&'a Time64MicrosecondArray),
    TimeNano(&'a Time64NanosecondArray),
    StampSecond(&'a TimestampSecondArray, Zone),
    StampMilli(&'a TimestampMillisecondArray, Zone),
    StampMicro(&'a TimestampMicrosecondArray, Zone),
    StampNano(&'a TimestampNanosecondArray, Zone),
    DurationSecond(&'a DurationSecondArray),
    DurationMilli(&'a DurationMillisecondArray),
    DurationMicro(&'a DurationMicrosecondArray),
    DurationNano(&'a DurationNanosecondArray),
    Months(&'a IntervalYearMonthArray),
    Days(&'a IntervalDayTimeArray),
    MonthsDays(&'a IntervalMonthDayNanoArray),
    Text(&'a StringArray),
    LargeText(&'a LargeStringArray),
    TextView(&'a StringViewArray),
    Binary(&'a BinaryArray, Bytes),
    LargeBinary(&'a LargeBinaryArray, Bytes),
    BinaryView(&'a BinaryViewArray, Bytes),
    Fixed(&'a FixedSizeBinaryArray, Bytes),
    /// Numbers of values, the values, and how many there are.
    Dictionary(Box<Cells<'a>>, Box<Cells<'a>>, usize),
    Runs16(&'a RunArray<Int16Type>, Box<Cells<'a>>),
    Runs32(&'a RunArray<Int32Type>, Box<Cells<'a>>),
    Runs64(&'a RunArray<Int64Type>, Box<Cells<'a>>),
}

/// Whether the values of a type can be shown, each as one cell.
pub(super) fn is_shown(kind: &DataType) -> bool {
    use DataType::Dictionary;
    use DataType::RunEndEncoded;
    match kind {
        Dictionary(_, values) => is_shown(values) && !matches!(**values, Dictionary(..) | RunEndEncoded(..)),
        RunEndEncoded(_, values) => is_shown(values.data_type()) && !matches!(values.data_type(), RunEndEncoded(..)),
        other => !other.is_nested() && !matches!(other, DataType::ListView(_) | DataType::LargeListView(_)),
    }
}

impl<'a> Cells<'a> {
    /// The column as what it is; `None` for one that [`is_shown`] says no of.
    pub(super) fn of(array: &'a dyn Array, bytes: Bytes) -> Option<Cells<'a>> {
        use Cells as C;
        use DataType as T;
        let any = array.as_any();
        Some(match array.data_type() {
            T::Null => C::Nothing,
            T::Boolean => C::Boolean(any.downcast_ref()?),
            T::Int8 => C::Int8(any.downcast_ref()?),
            T::Int16 => C::Int16(any.downcast_ref()?),
            T::Int32 => C::Int32(any.downcast_ref()?),
            T::Int64 => C::Int64(any.downcast_ref()?),
            T::UInt8 => C::UInt8(any.downcast_ref()?),
            T::UInt16 => C::UInt16(any.downcast_ref()?),
            T::UInt32 => C::UInt32(any.downcast_ref()?),
            T::UInt64 => C::UInt64(any.downcast_ref()?),
            T::Float16 => C::Float16(any.downcast_ref()?),
            T::Float32 => C::Float32(any.downcast_ref()?),
            T::Float64 => C::Float64(any.downcast_ref()?),
            T::Decimal32(..) => C::Decimal32(any.downcast_ref()?),
            T::Decimal64(..) => C::Decimal64(any.downcast_ref()?),
            T::Decimal128(..) => C::Decimal128(any.downcast_ref()?),
            T::Decimal256(..) => C::Decimal256(any.downcast_ref()?),
            T::Date32 => C::Date32(any.downcast_ref()?),
            T::Date64 => C::Date64(any.downcast_ref()?),
            T::Time32(TimeUnit::Second) => C::TimeSecond(any.downcast_ref()?),
            T::Time32(_) => C::TimeMilli(any.downcast_ref()?),
            T::Time64(TimeUnit::Microsecond) => C::TimeMicro(any.downcast_ref()?),
            T::Time64(_) => C::TimeNano(any.downcast_ref()?),
            T::Timestamp(TimeUnit::Second, zone) => C::StampSecond(any.downcast_ref()?, Zone::of(zone.as_deref())),
            T::Timestamp(TimeUnit::Millisecond, zone) => C::StampMilli(any.downcast_ref()?, Zone::of(zone.as_deref())),
            T::Timestamp(TimeUnit::Microsecond, zone) => C::StampMicro(any.downcast_ref()?, Zone::of(zone.as_deref())),
            T::Timestamp(TimeUnit::Nanosecond, zone) => C::StampNano(any.downcast_ref()?, Zone::of(zone.as_deref())),
            T::Duration(TimeUnit::Second) => C::DurationSecond(any.downcast_ref()?),
            T::Duration(TimeUnit::Millisecond) => C::DurationMilli(any.downcast_ref()?),
            T::Duration(TimeUnit::Microsecond) => C::DurationMicro(any.downcast_ref()?),
            T::Duration(TimeUnit::Nanosecond) => C::DurationNano(any.downcast_ref()?),
            T::Interval(arrow_schema::IntervalUnit::YearMonth) => C::Months(any.downcast_ref()?),
            T::Interval(arrow_schema::IntervalUnit::DayTime) => C::Days(any.downcast_ref()?),
            T::Interval(arrow_schema::IntervalUnit::MonthDayNano) => C::MonthsDays(any.downcast_ref()?),
            T::Utf8 => C::Text(any.downcast_ref()?),
            T::LargeUtf8 => C::LargeText(any.downcast_ref()?),
            T::Utf8View => C::TextView(any.downcast_ref()?),
            T::Binary => C::Binary(any.downcast_ref()?, bytes),
            T::LargeBinary => C::LargeBinary(any.downcast_ref()?, bytes),
            T::BinaryView => C::BinaryView(any.downcast_ref()?, bytes),
            T::FixedSizeBinary(_) => C::Fixed(any.downcast_ref()?, bytes),
            T::Dictionary(..) => {
                let dictionary = array.as_any_dictionary_opt()?;
                let keys = Box::new(Cells::of(dictionary.keys(), bytes)?);
                let values = dictionary.values().as_ref();
                C::Dictionary(keys, Box::new(Cells::of(values, bytes)?), values.len())
            }
            T::RunEndEncoded(..) => {
                if let Some(runs) = any.downcast_ref::<RunArray<Int16Type>>() {
                    C::Runs16(runs, Box::new(Cells::of(runs.values().as_ref(), bytes)?))
                } else if let Some(runs) = any.downcast_ref::<RunArray<Int32Type>>() {
                    C::Runs32(runs, Box::new(Cells::of(runs.values().as_ref(), bytes)?))
                } else {
                    let runs = any.downcast_ref::<RunArray<Int64Type>>()?;
                    C::Runs64(runs, Box::new(Cells::of(runs.values().as_ref(), bytes)?))
                }
            }
            _ => return None,
        })
    }

    /// The value of a row. What is put together for it stands in `scratch`.
    #[inline]
    pub(super) fn show<'s>(&'s self, row: usize, scratch: &'s mut String) -> Shown<'s> {
        match self {
            Cells::Text(array) if array.is_valid(row) => shown(array.value(row).as_bytes(), Bytes::Text),
            Cells::LargeText(array) if array.is_valid(row) => shown(array.value(row).as_bytes(), Bytes::Text),
            Cells::TextView(array) if array.is_valid(row) => shown(array.value(row).as_bytes(), Bytes::Text),
            Cells::Binary(array, bytes) if array.is_valid(row) => shown(array.value(row), *bytes),
            Cells::LargeBinary(array, bytes) if array.is_valid(row) => shown(array.value(row), *bytes),
            Cells::BinaryView(array, bytes) if array.is_valid(row) => shown(array.value(row), *bytes),
            Cells::Fixed(array, bytes) if array.is_valid(row) => {
                let value = array.value(row);
                match <&[u8; 16]>::try_from(value) {
                    Ok(uuid) if *bytes == Bytes::Uuid => {
                        scratch.clear();
                        number::uuid(uuid, scratch);
                        Shown::Word(scratch)
                    }
                    _ => {
                        // What is shorter than its column is filled up.
                        let length = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                        Shown::Bytes(&value[..length])
                    }
                }
            }
            Cells::Dictionary(keys, values, count) => match keys.index(row) {
                Some(index) if index < *count => values.show(index, scratch),
                _ => Shown::Null,
            },
            Cells::Runs16(runs, values) if row < runs.len() => values.show(runs.get_physical_index(row), scratch),
            Cells::Runs32(runs, values) if row < runs.len() => values.show(runs.get_physical_index(row), scratch),
            Cells::Runs64(runs, values) if row < runs.len() => values.show(runs.get_physical_index(row), scratch),
            _ => {
                scratch.clear();
                match self.write(row, scratch) {
                    false => Shown::Null,
                    true if self.is_number() => Shown::Number(scratch),
                    true => Shown::Word(scratch),
                }
            }
        }
    }

    fn is_number(&self) -> bool {
        matches!(
            self,
            Cells::Int8(_)
                | Cells::Int16(_)
                | Cells::Int32(_)
                | Cells::Int64(_)
                | Cells::UInt8(_)
                | Cells::UInt16(_)
                | Cells::UInt32(_)
                | Cells::UInt64(_)
                | Cells::Float16(_)
                | Cells::Float32(_)
                | Cells::Float64(_)
        )
    }

    /// The whole number of a row, as a place among the values of a dictionary.
    pub(super) fn index(&self, row: usize) -> Option<usize> {
        match self {
            Cells::Runs16(runs, values) if row < runs.len() => values.index(runs.get_physical_index(row)),
            Cells::Runs32(runs, values) if row < runs.len() => values.index(runs.get_physical_index(row)),
            Cells::Runs64(runs, values) if row < runs.len() => values.index(runs.get_physical_index(row)),
            Cells::Int8(array) => array.is_valid(row).then(|| usize::try_from(array.value(row)).ok())?,
            Cells::Int16(array) => array.is_valid(row).then(|| usize::try_from(array.value(row)).ok())?,
            Cells::Int32(array) => array.is_valid(row).then(|| usize::try_from(array.value(row)).ok())?,
            Cells::Int64(array) => array.is_valid(row).then(|| usize::try_from(array.value(row)).ok())?,
            Cells::UInt8(array) => array.is_valid(row).then(|| usize::from(array.value(row))),
            Cells::UInt16(array) => array.is_valid(row).then(|| usize::from(array.value(row))),
            Cells::UInt32(array) => array.is_valid(row).then(|| usize::try_from(array.value(row)).ok())?,
            Cells::UInt64(array) => array.is_valid(row).then(|| usize::try_from(array.value(row)).ok())?,
            _ => None,
        }
    }

    /// Writes a value that is neither text nor bytes; `false` for NULL. Writing to a text does not fail.
    fn write(&self, row: usize, out: &mut String) -> bool {
        macro_rules! show {
            ($array:expr, $value:ident => $writing:expr) => {{
                if $array.is_null(row) {
                    return false;
                }
                let $value = $array.value(row);
                let _ = $writing;
                true
            }};
        }
        match self {
            Cells::Boolean(array) => show!(array, value => out.push_str(if value { "true" } else { "false" })),
            Cells::Int8(array) => show!(array, value => number::integer(i64::from(value), out)),
            Cells::Int16(array) => show!(array, value => number::integer(i64::from(value), out)),
            Cells::Int32(array) => show!(array, value => number::integer(i64::from(value), out)),
            Cells::Int64(array) => show!(array, value => number::integer(value, out)),
            Cells::UInt8(array) => show!(array, value => number::integer(i64::from(value), out)),
            Cells::UInt16(array) => show!(array, value => number::integer(i64::from(value), out)),
            Cells::UInt32(array) => show!(array, value => number::integer(i64::from(value), out)),
            Cells::UInt64(array) => show!(array, value => number::digits(value, 1, out)),
            Cells::Float16(array) => show!(array, value => number::single(value.to_f32(), out)),
            Cells::Float32(array) => show!(array, value => number::single(value, out)),
            Cells::Float64(array) => show!(array, value => number::double(value, out)),
            Cells::Decimal32(array) => show!(array, value => {
                if !number::scaled(i64::from(value), array.scale(), out) {
                    number::decimal(&Decimal32Type::format_decimal(value, array.precision(), array.scale()), out);
                }
            }),
            Cells::Decimal64(array) => show!(array, value => {
                if !number::scaled(value, array.scale(), out) {
                    number::decimal(&Decimal64Type::format_decimal(value, array.precision(), array.scale()), out);
                }
            }),
            Cells::Decimal128(array) => show!(array, value => {
                if !i64::try_from(value).is_ok_and(|value| number::scaled(value, array.scale(), out)) {
                    number::decimal(&Decimal128Type::format_decimal(value, array.precision(), array.scale()), out);
                }
            }),
            Cells::Decimal256(array) => show!(array, value => {
                number::decimal(&Decimal256Type::format_decimal(value, array.precision(), array.scale()), out);
            }),
            Cells::Date32(array) => show!(array, value => moment::date(i64::from(value), out)),
            Cells::Date64(array) => show!(array, value => moment::date_or_stamp(value, out)),
            Cells::TimeSecond(array) => show!(array, value => moment::time(clock(i64::from(value), 1), out)),
            Cells::TimeMilli(array) => show!(array, value => moment::time(clock(i64::from(value), 1_000), out)),
            Cells::TimeMicro(array) => show!(array, value => moment::time(clock(value, 1_000_000), out)),
            Cells::TimeNano(array) => show!(array, value => moment::time(clock(value, 1_000_000_000), out)),
            Cells::StampSecond(array, zone) => show!(array, value => moment::stamp(clock(value, 1), *zone, out)),
            Cells::StampMilli(array, zone) => show!(array, value => moment::stamp(clock(value, 1_000), *zone, out)),
            Cells::StampMicro(array, zone) => show!(array, value => moment::stamp(clock(value, 1_000_000), *zone, out)),
            Cells::StampNano(array, zone) => show!(array, value => moment::stamp(clock(value, 1_000_000_000), *zone, out)),
            Cells::DurationSecond(array) => show!(array, value => moment::duration((0, 0), clock(value, 1), out)),
            Cells::DurationMilli(array) => show!(array, value => moment::duration((0, 0), clock(value, 1_000), out)),
            Cells::DurationMicro(array) => show!(array, value => moment::duration((0, 0), clock(value, 1_000_000), out)),
            Cells::DurationNano(array) => show!(array, value => moment::duration((0, 0), clock(value, 1_000_000_000), out)),
            Cells::Months(array) => show!(array, value => moment::duration((value, 0), (0, 0), out)),
            Cells::Days(array) => show!(array, value => {
                moment::duration((0, value.days), clock(i64::from(value.milliseconds), 1_000), out);
            }),
            Cells::MonthsDays(array) => show!(array, value => {
                moment::duration((value.months, value.days), clock(value.nanoseconds, 1_000_000_000), out);
            }),
            _ => false,
        }
    }
}

/// Seconds and nanoseconds of a count of parts of a second.
fn clock(value: i64, parts: i64) -> Clock {
    let rest = value.rem_euclid(parts) * (1_000_000_000 / parts);
    (value.div_euclid(parts), u32::try_from(rest).unwrap_or(0))
}

#[inline]
fn shown(value: &[u8], kind: Bytes) -> Shown<'_> {
    if kind == Bytes::Text { Shown::Text(value) } else { Shown::Bytes(value) }
}
