//! What the benches ask of the program besides its commands: a source read to its end, and nothing done with it.

use crate::source;
use crate::source::Options;
use crate::source::RowBatch;
use crate::source::ServerOptions;
use crate::source::Sink;
use crate::source::Stopped;
use crate::support::progress::Cancel;
use crate::support::progress::Silent;
use std::error::Error;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Takes rows and drops them.
struct Drain;

impl Sink for Drain {
    fn take(&mut self, batch: RowBatch) -> Result<RowBatch, Stopped> {
        Ok(batch)
    }
}

/// Reads every object of a source with so many threads and connections, and counts rows and bytes of text. A problem is an error.
pub fn drain(source: &str, connections: usize) -> Result<(u64, u64), Box<dyn Error>> {
    let servers = ServerOptions { connections: Some(connections), ..ServerOptions::default() };
    let options = Options { servers, ..Options::default() };
    let cancel = Cancel::default();
    let found = source::discover(&[source.to_owned()], &options, &mut io::empty(), &Silent, &cancel)?;
    let (mut rows, mut bytes) = (0, 0);
    for session in &found.sessions {
        for object in 0..session.inventory().objects.len() {
            let splits = session.splits(object, if connections > 1 { connections * 4 } else { 1 }, &cancel)?;
            let next = AtomicUsize::new(0);
            let reports = std::thread::scope(|scope| {
                let read = || -> Result<Vec<_>, _> {
                    std::iter::from_fn(|| splits.get(next.fetch_add(1, Ordering::Relaxed)))
                        .map(|split| session.read(split, &mut Drain, &cancel))
                        .collect()
                };
                let workers: Vec<_> = (0..connections).map(|_| scope.spawn(read)).collect();
                workers.into_iter().map(|worker| worker.join().map_err(|_| "a reader broke down")).collect::<Result<Vec<_>, _>>()
            })?;
            for report in reports {
                for part in report? {
                    if let Some(problem) = part.problems.first() {
                        return Err(problem.to_string().into());
                    }
                    rows += part.rows;
                    bytes += part.bytes;
                }
            }
        }
    }
    Ok((rows, bytes))
}
