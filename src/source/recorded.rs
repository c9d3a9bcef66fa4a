//! A source as another run of the program opened it: what it is, what it holds, and what was wrong with it. Its rows were read there.

use crate::source::Consistency;
use crate::source::Identity;
use crate::source::Inventory;
use crate::source::Object;
use crate::source::Problem;
use crate::source::ReadError;
use crate::source::Session;
use crate::source::Sink;
use crate::source::Split;
use crate::source::SplitReport;
use crate::support::progress::Cancel;
use serde::Deserialize;
use serde::Serialize;

/// What a session says, written down.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    identity: Identity,
    facts: Vec<(String, String)>,
    consistency: Consistency,
    inventory: Inventory,
    /// What happened to the source while it was read.
    rechecked: Vec<Problem>,
    /// What tells its state from every other one, where it is a file: what the system says of it, or the digest of its content.
    state: Option<String>,
}

impl Recorded {
    /// A source that was read to the end.
    pub(crate) fn of(session: &dyn Session, cancel: &Cancel) -> Recorded {
        let digest = || session.digest(cancel).unwrap_or_else(|error| Some(error.to_string()));
        Recorded {
            identity: session.identity().clone(),
            facts: session.facts().to_vec(),
            consistency: session.consistency(),
            inventory: session.inventory().clone(),
            rechecked: session.recheck(),
            state: session.standing().or_else(digest),
        }
    }

    /// All that has to be the same for two runs that share the source, in a form to compare: another file of the same name on another machine is none of them. How many rows
    /// a table of a server holds is not, since each is read by one of them.
    pub(crate) fn ground(&self) -> String {
        let objects = self
            .inventory
            .objects
            .iter()
            .map(|object| (&object.name, object.kind, &object.columns, &object.primary_key, &object.access));
        format!("{:?} {:?} {:?} {:?}", self.identity, self.consistency, objects.collect::<Vec<_>>(), self.state)
    }

    /// Takes over what another run, by which the object was read, says of it.
    pub(crate) fn adopt(&mut self, object: usize, of: &Recorded) {
        if let (Some(mine), Some(theirs)) = (self.inventory.objects.get_mut(object), of.inventory.objects.get(object)) {
            *mine = theirs.clone();
        }
    }

    /// Adds what another run found wrong with the source.
    pub(crate) fn absorb(&mut self, other: Recorded) {
        self.inventory.blind |= other.inventory.blind;
        for (known, problems) in
            [(&mut self.inventory.problems, other.inventory.problems), (&mut self.rechecked, other.rechecked)]
        {
            for problem in problems {
                if !known.contains(&problem) {
                    known.push(problem);
                }
            }
        }
    }

    /// An object of it.
    pub(crate) fn object(&self, object: usize) -> Option<&Object> {
        self.inventory.objects.get(object)
    }
}

impl Session for Recorded {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    fn consistency(&self) -> Consistency {
        self.consistency
    }

    fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    fn splits(&self, _object: usize, _wanted: usize, _cancel: &Cancel) -> Result<Vec<Split>, ReadError> {
        Ok(Vec::new())
    }

    fn is_parallel(&self) -> bool {
        false
    }

    fn read(&self, _split: &Split, _sink: &mut dyn Sink, _cancel: &Cancel) -> Result<SplitReport, ReadError> {
        Err(ReadError::UnknownSplit)
    }

    fn recheck(&self) -> Vec<Problem> {
        self.rechecked.clone()
    }

    fn digest(&self, _cancel: &Cancel) -> Result<Option<String>, ReadError> {
        Ok(None)
    }
}
