//! What stands below a supply: to whom its recipient passed the data on, what those attested, and to whom they did. It never makes a supply
//! better: it says what is missing, and what is not clear.

use crate::finding::verdict::Verdict;
use crate::ledger::Challenge;
use crate::ledger::LedgerView;
use crate::ledger::Supply;
use crate::ledger::board::Next;
use crate::ledger::board::Stand;
use crate::ledger::board::State;
use crate::ledger::entry::OnwardEntry;
use crate::ledger::entry::OnwardRecipient;
use crate::ledger::party::Standing;
use crate::support::number::of;
use crate::support::sanitize;
use crate::support::time;
use std::collections::BTreeSet;

/// How far below a supply is looked. What stands deeper counts as missing.
const MOST_LEVELS: usize = 32;

/// Remarks of a line of the board.
const MOST_REMARKS: usize = 3;

/// Somebody to whom the data went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Who, as declared.
    pub(crate) recipient: String,
    /// What they attested, of what is named now.
    pub(crate) leaves: Vec<Leaf>,
    /// SHA-256 of attestations of theirs that are named, and were not entered.
    pub(crate) unentered: Vec<String>,
    /// An earlier answer declares them, and none that stands does.
    pub(crate) is_dropped: bool,
}

/// What an onward recipient attested to the one who had supplied it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// SHA-256.
    pub(crate) attestation: String,
    /// As it is stated; `None` where the word is unknown.
    pub(crate) verdict: Option<Verdict>,
    /// When it was received.
    pub(crate) received_at: String,
    /// Who signed it.
    pub(crate) signer: Signer,
    /// To whom they passed the data on.
    pub(crate) branches: Vec<Branch>,
}

/// What is known of whoever signed an onward recipient's attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    /// Nothing: no pinned key did.
    Unpinned,
    /// A pinned key did, which has this name.
    Pinned(String),
    /// A key that counts no more, for it was not valid when it was received.
    Out,
}

impl Branch {
    /// Whether an attestation is missing: none was entered, or not all that are named.
    pub(crate) fn is_missing(&self) -> bool {
        self.leaves.is_empty() || !self.unentered.is_empty()
    }
}

impl Leaf {
    /// Whether it says that nothing is left, in words and with a signature that count. By a key that is not pinned it is as much as the declaration.
    fn is_clear(&self) -> bool {
        self.verdict == Some(Verdict::Clear) && self.signer != Signer::Out
    }

    /// What it states, for people and for programs.
    pub(crate) fn word(&self) -> &'static str {
        self.verdict.map_or("unknown", Verdict::word)
    }
}

/// To whom a supply's recipient passed the data on, as the answers that stand declare it.
pub(crate) fn tree(view: &LedgerView, supply: &Supply) -> Vec<Branch> {
    let mut seen = BTreeSet::new();
    let mut branches = Vec::new();
    for answer in supply.standing_answers() {
        branches.extend(below(view, supply, &answer.attestation, &answer.onward, &mut seen, 0));
    }
    if supply.standing_answers().next().is_some() {
        // Whoever is no longer declared did not give the data back by that.
        let declared: BTreeSet<&str> = supply.standing_answers().flat_map(names).collect();
        let ever = supply.challenges.iter().filter_map(Challenge::answer).flat_map(names);
        let dropped: BTreeSet<&str> = ever.filter(|name| !declared.contains(name)).collect();
        branches.extend(dropped.into_iter().map(|name| Branch {
            recipient: name.to_owned(),
            leaves: Vec::new(),
            unentered: Vec::new(),
            is_dropped: true,
        }));
    }
    branches
}

fn names(answer: &crate::ledger::entry::ReceiptEntry) -> impl Iterator<Item = &str> {
    answer.onward.iter().map(|onward| onward.recipient.as_str())
}

/// The onward recipients whom one attestation declares. What stands below an attestation is followed once, and not without end.
fn below<'a>(
    view: &LedgerView,
    supply: &'a Supply,
    parent: &'a str,
    declared: &'a [OnwardRecipient],
    seen: &mut BTreeSet<&'a str>,
    level: usize,
) -> Vec<Branch> {
    let mut branches = Vec::new();
    for onward in declared {
        let (mut leaves, mut unentered) = (Vec::new(), Vec::new());
        for attestation in &onward.attestations {
            match supply.entered(parent, attestation).filter(|_| level < MOST_LEVELS) {
                None => unentered.push(attestation.clone()),
                Some(entry) => {
                    let is_new = seen.insert(&entry.attestation);
                    let further: &[OnwardRecipient] = if is_new { &entry.onward } else { &[] };
                    let branches = below(view, supply, &entry.attestation, further, seen, level + 1);
                    leaves.push(leaf(view, entry, branches));
                }
            }
        }
        branches.push(Branch { recipient: onward.recipient.clone(), leaves, unentered, is_dropped: false });
    }
    branches
}

fn leaf(view: &LedgerView, entry: &OnwardEntry, branches: Vec<Branch>) -> Leaf {
    let signer = entry.key.as_ref().map_or(Signer::Unpinned, |key| {
        let received_at = time::parse(&entry.received_at);
        let is_valid = received_at.is_some_and(|at| view.parties().key_at(key, at) == Standing::Valid);
        match view.parties().key(key).filter(|_| is_valid) {
            Some(key) => Signer::Pinned(key.pinned.name.clone()),
            None => Signer::Out,
        }
    });
    Leaf {
        attestation: entry.attestation.clone(),
        verdict: Verdict::parse(&entry.verdict),
        received_at: entry.received_at.clone(),
        signer,
        branches,
    }
}

/// What a line of the board says of all that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Onward recipients of whom an attestation is missing.
    pub(super) missing: u32,
    /// Whether one is missing, or not clear.
    pub(super) is_open: bool,
    /// What is missing or not clear, and what is signed by a key that is not pinned.
    remarks: Vec<String>,
}

impl Summary {
    /// Counts what stands below a supply.
    pub(super) fn new(tree: &[Branch]) -> Summary {
        let mut summary = Summary::default();
        summary.count(tree);
        let mut seen = BTreeSet::new();
        summary.remarks.retain(|remark| seen.insert(remark.clone()));
        if summary.remarks.len() > MOST_REMARKS {
            let more = summary.remarks.split_off(MOST_REMARKS).len();
            summary.remarks.push(format!("and {more} more (`--tree`)"));
        }
        summary
    }

    fn count(&mut self, tree: &[Branch]) {
        for branch in tree {
            let mut say =
                |what: &str| self.remarks.push(format!("onward recipient `{}`: {what}", sanitize::clean(&branch.recipient)));
            if branch.is_missing() {
                self.missing = self.missing.saturating_add(1);
                self.is_open = true;
                if branch.is_dropped {
                    say("declared before, and no longer");
                } else if branch.leaves.is_empty() {
                    say("no attestation");
                } else {
                    say(&format!("{} named and not entered", of(branch.unentered.len() as u64, "attestation")));
                }
            }
            for leaf in &branch.leaves {
                if leaf.signer == Signer::Out {
                    say("its key was not valid");
                }
                if leaf.verdict != Some(Verdict::Clear) {
                    say(&format!("stated {}", leaf.word()));
                } else if leaf.signer == Signer::Unpinned {
                    say("stated clear by a key that is not pinned");
                }
                self.is_open |= !leaf.is_clear();
            }
            for leaf in &branch.leaves {
                self.count(&leaf.branches);
            }
        }
    }

    /// The remark with what there is to say of those below.
    pub(super) fn beside(&self, remark: String) -> String {
        Some(remark).filter(|remark| !remark.is_empty()).into_iter().chain(self.remarks.clone()).collect::<Vec<_>>().join("; ")
    }

    /// What to do next, with what there is to say of those below.
    pub(super) fn join(&self, stand: &Stand, id: &str) -> Next {
        let (command, remark) = stand.next.clone();
        let is_quiet = !stand.has_lapsed && matches!(stand.state, State::AttestedClear | State::ClearWithExceptions(_));
        let command =
            if is_quiet && self.missing > 0 { format!("residua verify ATTESTATION --downstream-of {id}") } else { command };
        // That nothing is due would not be true.
        let is_untrue = is_quiet && self.is_open && stand.state == State::AttestedClear;
        (command, self.beside(if is_untrue { String::new() } else { remark }))
    }
}
