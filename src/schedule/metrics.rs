//! What a run tells Prometheus, in its text format (version 0.0.4), for the folder that a node exporter reads.

use std::fmt::Write;

/// What is told of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metrics {
    /// When the run ended, in seconds since 1970.
    pub(crate) finished: i64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Its exit code.
    pub(crate) code: u8,
    /// Rows that its scans read.
    pub(crate) rows: u64,
    /// Supplies of which something is no longer needed.
    pub(crate) outdated: u64,
    /// What stands about each supply.
    pub(crate) supplies: Vec<SupplyMetrics>,
}

/// What is told of a supply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SupplyMetrics {
    /// Its id.
    pub(crate) supply: String,
    /// Its state or the verdict of its newest scan, as a word.
    pub(crate) state: String,
    /// Days until something is due; negative where it has passed.
    pub(crate) days: Option<i64>,
    /// Whether it is overdue.
    pub(crate) is_overdue: bool,
}

/// The file's text.
pub(crate) fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: &[(String, String)]| {
        if samples.is_empty() {
            return;
        }
        let _ = writeln!(text, "# HELP residua_{name} {help}\n# TYPE residua_{name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(text, "residua_{name}{labels} {value}");
        }
    };
    let one = |value: String| [(String::new(), value)];
    family("last_run_timestamp_seconds", "When the last check ended.", &one(metrics.finished.to_string()));
    family("last_run_duration_seconds", "How long the last check took.", &one(format!("{:.3}", metrics.seconds)));
    family("last_run_exit_code", "The exit code of the last check.", &one(metrics.code.to_string()));
    family("last_run_rows", "Rows that the scans of the last check read.", &one(metrics.rows.to_string()));
    family(
        "outdated_supplies",
        "Supplies of which something is kept that is no longer needed.",
        &one(metrics.outdated.to_string()),
    );
    let of = |value: &dyn Fn(&SupplyMetrics) -> Option<String>| -> Vec<(String, String)> {
        let sample = |supply: &SupplyMetrics| Some((format!("{{supply=\"{}\"}}", escape(&supply.supply)), value(supply)?));
        metrics.supplies.iter().filter_map(sample).collect()
    };
    family(
        "supply_days",
        "Days until something is due of a supply; negative where it has passed.",
        &of(&|supply| Some(supply.days?.to_string())),
    );
    family("supply_overdue", "Whether a supply is overdue.", &of(&|supply| Some(u8::from(supply.is_overdue).to_string())));
    let states: Vec<(String, String)> = (metrics.supplies.iter())
        .map(|supply| (format!("{{supply=\"{}\",state=\"{}\"}}", escape(&supply.supply), escape(&supply.state)), "1".to_owned()))
        .collect();
    family("supply_state", "The state of a supply, in a label.", &states);
    text
}

/// A label's value.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_as_prometheus_reads_it() {
        let supply = SupplyMetrics { supply: "4f2a".to_owned(), state: "a\"b".to_owned(), days: Some(-3), is_overdue: true };
        let told =
            text(&Metrics { finished: 1_500_000_000, seconds: 1.5, code: 13, rows: 7, outdated: 2, supplies: vec![supply] });
        for line in [
            "residua_last_run_timestamp_seconds 1500000000",
            "residua_last_run_duration_seconds 1.500",
            "residua_outdated_supplies 2",
            "# TYPE residua_supply_days gauge",
            "residua_supply_days{supply=\"4f2a\"} -3",
            "residua_supply_overdue{supply=\"4f2a\"} 1",
            "residua_supply_state{supply=\"4f2a\",state=\"a\\\"b\"} 1",
        ] {
            assert!(told.lines().any(|told| told == line), "{line}\n{told}");
        }
        assert!(!text(&Metrics::default()).contains("supply_"));
    }
}
