//! The connections to one database: opened when they are needed, kept, and never more than a number.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Connections that are lent one at a time.
pub(crate) struct Connections<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    idle: Vec<T>,
    /// Those that are open or being opened, idle ones included.
    open: usize,
    most: usize,
}

/// A connection out on loan. Given back, another may use it; dropped, it is closed and its place is free.
pub(crate) struct Lent<'a, T> {
    connections: &'a Connections<T>,
    connection: Option<T>,
}

impl<T> Connections<T> {
    /// None yet, and at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { state: Mutex::new(State { idle: Vec::new(), open: 0, most: most.max(1) }), changed: Condvar::new() }
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).most
    }

    /// Lends an idle connection, or opens one, or waits for one. Where the server gives no further connection, those that are there have
    /// to do; the error of the first is the caller's.
    pub(crate) fn lend<E>(&self, open: impl Fn() -> Result<T, E>) -> Result<Lent<'_, T>, E> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(Lent { connections: self, connection: Some(connection) });
            }
            if state.open < state.most {
                state.open += 1;
                drop(state);
                let opened = open();
                state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                match opened {
                    Ok(connection) => return Ok(Lent { connections: self, connection: Some(connection) }),
                    Err(error) => {
                        state.open -= 1;
                        if state.open == 0 {
                            return Err(error);
                        }
                        state.most = state.open;
                        continue;
                    }
                }
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes those that nobody uses.
    pub(crate) fn close_idle(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = std::mem::take(&mut state.idle);
        state.open -= idle.len();
        drop(state);
        drop(idle);
        self.changed.notify_all();
    }
}

impl<T> Lent<'_, T> {
    /// The connection.
    pub(crate) fn get(&mut self) -> Option<&mut T> {
        self.connection.as_mut()
    }

    /// Gives the connection back, for others to use.
    pub(crate) fn give_back(mut self) {
        let mut state = self.connections.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.extend(self.connection.take());
        drop(state);
        self.connections.changed.notify_one();
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection);
            let mut state = self.connections.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.open -= 1;
            drop(state);
            self.connections.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    #[test]
    fn never_more_than_allowed_and_kept_for_the_next() {
        let (opened, connections) = (AtomicUsize::new(0), Connections::new(2));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lent = connections.lend(|| Ok::<_, ()>(opened.fetch_add(1, Ordering::Relaxed))).unwrap();
                        lent.give_back();
                    }
                });
            }
        });
        assert!(opened.load(Ordering::Relaxed) <= 2);
        connections.close_idle();
        let before = opened.load(Ordering::Relaxed);
        connections.lend(|| Ok::<_, ()>(opened.fetch_add(1, Ordering::Relaxed))).unwrap().give_back();
        assert_eq!(opened.load(Ordering::Relaxed), before + 1);
    }

    #[test]
    fn a_refused_connection_is_an_error_only_where_there_is_no_other() {
        let connections = Connections::new(4);
        assert_eq!(connections.lend(|| Err::<u8, _>("no")).map(|_| ()), Err("no"));
        let first = connections.lend(|| Ok::<_, &str>(1_u8)).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| connections.lend(|| Err::<u8, _>("no")).map(|mut lent| lent.get().copied()));
            std::thread::sleep(std::time::Duration::from_millis(20));
            first.give_back();
            assert_eq!(waiting.join().unwrap(), Ok(Some(1)));
        });
    }
}
