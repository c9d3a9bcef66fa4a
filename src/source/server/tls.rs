//! TLS to a server: which certificates are trusted, and how much of them is checked.

use crate::source::server::Refusal;
use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::DigitallySignedStruct;
use rustls::Error;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::verify_tls12_signature;
use rustls::crypto::verify_tls13_signature;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// How a connection is secured, from least to most.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum TlsMode {
    /// Not at all.
    Off,
    /// Where the server offers it, with whatever certificate.
    Preferred,
    /// Always, with whatever certificate.
    Required,
    /// Always, with a certificate of a trusted authority.
    Authority,
    /// Always, with a certificate of a trusted authority for this very host.
    Full,
}

impl TlsMode {
    /// What is checked, in words of the attestation.
    pub(crate) fn words(self) -> &'static str {
        match self {
            TlsMode::Off => "none",
            TlsMode::Preferred => "if offered, server not verified",
            TlsMode::Required => "server not verified",
            TlsMode::Authority => "authority verified",
            TlsMode::Full => "host verified",
        }
    }
}

/// Whom a connection trusts, and who it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Roots {
    /// The authorities in PEM; without it, those of the operating system.
    pub(crate) authorities: Option<PathBuf>,
    /// A certificate and its key in PEM, by which this client shows who it is.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

/// What it means that a certificate was not taken.
pub(crate) fn refusal_of(error: &CertificateError) -> Refusal {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Refusal::Expired,
        _ => Refusal::Certificate,
    }
}

/// The settings of a connection. The fault is a phrase for people.
pub(crate) fn client_config(mode: TlsMode, roots: &Roots) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let is_checked = mode >= TlsMode::Authority;
    let inner = if is_checked {
        let store = Arc::new(store(roots.authorities.as_deref())?);
        let verifier = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(&provider)).build();
        Some(verifier.map_err(|error| format!("the authorities cannot be used: {error}"))?)
    } else {
        None
    };
    let verifier = Verifier { inner, is_host_checked: mode == TlsMode::Full, provider };
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let Some((certificate, key)) = &roots.client else { return Ok(builder.with_no_client_auth()) };
    let unusable = |path: &Path| format!("`{}` holds no certificate or key in PEM", path.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).map_err(|_| unusable(certificate))?.collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| unusable(certificate))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|_| unusable(key))?;
    builder.with_client_auth_cert(chain, secret).map_err(|error| format!("the client's certificate cannot be used: {error}"))
}

fn store(path: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(authorities(path)?);
    Ok(store)
}

/// The certificates of those who are trusted, without such as nobody can use: of a file in PEM, or of the operating system.
pub(crate) fn authorities(path: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Vec<CertificateDer<'static>> = match path {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path).map_err(|_| format!("`{}` cannot be read", path.display()))?;
            certificates.filter_map(Result::ok).collect()
        }
        None => rustls_native_certs::load_native_certs().certs,
    };
    let is_usable = |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
    let usable: Vec<_> = certificates.into_iter().filter(is_usable).collect();
    match (usable.is_empty(), path) {
        (false, _) => Ok(usable),
        (true, Some(path)) => Err(format!("`{}` holds no certificate in PEM", path.display())),
        (true, None) => Err("this system has no list of trusted authorities".to_owned()),
    }
}

/// Checks a server's certificate as far as its mode says.
#[derive(Debug)]
struct Verifier {
    /// Without it any certificate will do.
    inner: Option<Arc<WebPkiServerVerifier>>,
    is_host_checked: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.is_host_checked => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
