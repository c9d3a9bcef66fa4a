//! A certificate authority for one test and a server's certificate by it, made by `openssl`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The authority's certificate.
pub(super) const AUTHORITY: &str = "ca.pem";
/// The server's certificate.
pub(super) const CERTIFICATE: &str = "server.pem";
/// The server's private key.
pub(super) const KEY: &str = "server.key";

/// The system's own configuration may say anything.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = residua test
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = ";

/// Puts [`AUTHORITY`], [`CERTIFICATE`] and [`KEY`] into a folder; the certificate is for names such as `DNS:localhost,IP:127.0.0.1`.
pub(crate) fn certify(folder: &Path, names: &str) {
    fs::write(folder.join("openssl.cnf"), format!("{CONFIGURATION}{names}\n")).expect("a configuration");
    let authority = "req -x509 -config openssl.cnf -extensions authority -subj /CN=residua-test-authority -days 3650 -nodes \
                     -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -keyout ca.key -out ca.pem";
    let request = "req -new -config openssl.cnf -subj /CN=residua-test-server -nodes \
                   -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -keyout server.key -out server.csr";
    let server = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 3650 -sha256 \
                  -extfile openssl.cnf -extensions server -out server.pem";
    for words in [authority, request, server] {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(words.split_whitespace()).current_dir(folder).output().expect("`openssl` is installed");
        assert!(output.status.success(), "openssl {words}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    // A server refuses a key that others may read.
    fs::set_permissions(folder.join(KEY), fs::Permissions::from_mode(0o600)).expect("rights of a key");
}
