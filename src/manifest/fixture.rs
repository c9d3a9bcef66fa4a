//! Small manifests in a temporary folder, for tests.

use crate::manifest::Fingerprint;
use crate::manifest::ManifestId;
use crate::manifest::layout::Layout;
use crate::manifest::read::Manifest;
use crate::manifest::read::ReadError;
use crate::manifest::write::Writer;
use crate::support::hex;
use crate::support::progress::Cancel;
use crate::support::progress::Silent;
use sha2::Digest;
use sha2::Sha256;
use std::fs;
use std::fs::File;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;

/// Runs thousands of small parallel jobs on one thread: waking others for each would cost more than the jobs.
pub(crate) fn on_one_thread<R: Send>(jobs: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(jobs)
}

/// A manifest file with its layout and id.
pub(crate) struct Fixture {
    folder: TempDir,
    pub(crate) layout: Layout,
    pub(crate) id: ManifestId,
}

impl Fixture {
    /// Writes a manifest with these entries in its sections.
    pub(crate) fn new(sections: &[Vec<(Fingerprint, u32)>]) -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let id = *b"a manifest's id.";
        let writer = Writer::new(sections.len(), folder.path()).unwrap();
        let mut lane = writer.lane();
        for (key, entries) in sections.iter().enumerate() {
            for (fingerprint, record) in entries {
                lane.push(key, fingerprint, *record).unwrap();
            }
        }
        lane.finish().unwrap();
        let mut bytes = Vec::new();
        let layout = writer.write(&id, &mut bytes, &Silent, &Cancel::default()).unwrap();
        let fixture = Fixture { folder, layout, id };
        fixture.replace(&bytes);
        fixture
    }

    /// Three sections: none, one and forty entries.
    pub(crate) fn small() -> Fixture {
        let forty = (0..40).map(|record| (*blake3::hash(&[record]).as_bytes().first_chunk().unwrap(), u32::from(record)));
        Fixture::new(&[vec![], vec![([7; 16], 3)], forty.collect()])
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("small.residua")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    /// Puts other bytes in the file's place.
    pub(crate) fn replace(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).unwrap();
    }

    /// Puts one other byte in the file, without the costs of a new file.
    pub(crate) fn put(&self, at: u64, byte: u8) {
        let mut file = File::options().write(true).open(self.path()).unwrap();
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&[byte]).unwrap();
    }

    /// Puts other bytes of the same layout in the file's place, with digests that agree: what a faulty writer would sign.
    pub(crate) fn forge(&mut self, bytes: &[u8]) {
        self.replace(bytes);
        let place = |at: u64| usize::try_from(at).unwrap();
        let digest = |from, to| hex::encode(blake3::hash(&bytes[place(from)..place(to)]).as_bytes());
        for section in &mut self.layout.sections {
            section.blake3 = digest(section.fingerprints_at, section.ordinals_at + section.entries * 4);
        }
        self.layout.blake3 = digest(0, self.layout.file_length);
        self.layout.sha256 = hex::encode(&Sha256::digest(bytes));
    }

    pub(crate) fn open(&self) -> Result<Manifest, ReadError> {
        Manifest::open(&self.path(), &self.layout, &self.id)
    }

    /// Opens and verifies, with 40 records.
    pub(crate) fn verify(&self) -> Result<(), ReadError> {
        self.open()?.verify(40, &Silent, &Cancel::default())
    }
}
