use std::sync::Arc;

use rcgen::{
    CertificateParams, CertifiedKey, KeyPair, PKCS_RSA_SHA256, RsaKeySize, generate_simple_self_signed,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, ServerConnection, SignatureScheme};
use tempfile::TempDir;

use super::*;

/// Files of a certificate in a folder.
fn files(folder: &TempDir, file: &str) -> CertificateFiles {
    let path = |end: &str| folder.path().join(format!("{file}.{end}"));
    CertificateFiles { certificate: path("crt"), key: path("key") }
}

/// Writes a new certificate for `names`, and tells its bytes.
fn issue(files: &CertificateFiles, names: &[&str]) -> CertificateDer<'static> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("sound names");
    write(files, &cert.pem(), &signing_key.serialize_pem());
    cert.der().clone()
}

fn write(files: &CertificateFiles, certificate: &str, key: &str) {
    std::fs::write(&files.certificate, certificate).expect("the certificate is written");
    std::fs::write(&files.key, key).expect("the key is written");
}

/// Takes every certificate.
#[derive(Debug)]
struct Trusting(Vec<SignatureScheme>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

const BOTH: [SignatureScheme; 2] = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256];

/// A whole handshake in memory, and the certificate that the client gets.
fn shake(
    server: Arc<ServerConfig>,
    name: &str,
    schemes: &[SignatureScheme],
    version: &'static rustls::SupportedProtocolVersion,
) -> CertificateDer<'static> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
    let client = client.expect("the version is there").dangerous();
    let client = client.with_custom_certificate_verifier(Arc::new(Trusting(schemes.to_vec())));
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut client = ClientConnection::new(Arc::new(client.with_no_client_auth()), name).expect("a client");
    let mut server = ServerConnection::new(server).expect("a server");
    while client.is_handshaking() || server.is_handshaking() || client.wants_write() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).expect("memory takes it");
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).expect("memory gives it");
            server.process_new_packets().expect("the client is sound");
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).expect("memory takes it");
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).expect("memory gives it");
            client.process_new_packets().expect("the server is sound");
        }
    }
    assert_eq!(client.tls13_tickets_received(), 0, "rtmpdump takes a ticket for a fault");
    client.peer_certificates().expect("the server has one")[0].clone()
}

fn served(certificates: &Certificates, name: &str) -> CertificateDer<'static> {
    shake(certificates.server_config(), name, &BOTH, &TLS13)
}

fn fault(files: &CertificateFiles) -> String {
    Certificates::load(vec![files.clone()]).expect_err("there is a fault").to_string()
}

#[test]
fn a_client_gets_the_certificate_of_the_name_it_asks_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |file| files(&folder, file);
    let first = issue(&of("first"), &["first.example.net"]);
    let exact = issue(&of("exact"), &["a.example.com", "B.example.com"]);
    let wild = issue(&of("wild"), &["*.example.com"]);
    let certificates = Certificates::load(vec![of("first"), of("wild"), of("exact")]).expect("sound files");
    assert_eq!(served(&certificates, "a.example.com"), exact, "a whole name before a wildcard");
    assert_eq!(served(&certificates, "b.Example.com"), exact, "in any case");
    assert_eq!(served(&certificates, "c.example.com"), wild);
    for other in ["c.d.example.com", "example.com", "elsewhere.example.net", "first.example.net", "127.0.0.1"]
    {
        assert_eq!(served(&certificates, other), first, "{other}");
    }
    assert_eq!(shake(certificates.server_config(), "c.example.com", &BOTH, &TLS12), wild);
}

#[test]
fn a_client_that_connects_to_an_address_gets_the_certificate_of_the_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |file| files(&folder, file);
    let first = issue(&of("first"), &["example.net"]);
    let by_address = issue(&of("address"), &["192.0.2.1", "2001:db8::1"]);
    let certificates = Certificates::load(vec![of("first"), of("address")]).expect("sound files");
    let at = |local: &str, name: &str| {
        let local = local.parse().expect("an address");
        shake(certificates.server_config_at(local), name, &BOTH, &TLS13)
    };
    assert_eq!(at("192.0.2.1", "192.0.2.1"), by_address);
    assert_eq!(at("::ffff:192.0.2.1", "192.0.2.1"), by_address);
    assert_eq!(at("2001:db8::1", "2001:db8::1"), by_address);
    assert_eq!(at("192.0.2.2", "192.0.2.2"), first);
    assert_eq!(at("192.0.2.1", "example.net"), first, "a name counts for more");
}

#[test]
fn of_two_certificates_for_one_name_a_client_gets_the_one_it_can_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |file| files(&folder, file);
    let elliptic = issue(&of("elliptic"), &["example.net"]);
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    let params = CertificateParams::new(vec!["example.net".to_owned()]).expect("a name");
    let rsa = params.self_signed(&key).expect("a certificate");
    write(&of("rsa"), &rsa.pem(), &key.serialize_pem());
    let certificates = Certificates::load(vec![of("elliptic"), of("rsa")]).expect("sound files");
    let with = |schemes: &[_]| shake(certificates.server_config(), "example.net", schemes, &TLS13);
    assert_eq!(with(&BOTH), elliptic);
    assert_eq!(with(&BOTH[1..]), *rsa.der());
}

#[test]
fn files_that_changed_are_read_again_and_others_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = files(&folder, "a");
    let old = issue(&of, &["example.net"]);
    let certificates = Certificates::load(vec![of.clone()]).expect("sound files");
    let config = certificates.server_config();
    assert!(!certificates.reload().expect("nothing changed"));
    let new = issue(&of, &["example.net", "www.example.net"]);
    assert_eq!(served(&certificates, "example.net"), old, "not before it is asked to");
    assert!(certificates.reload().expect("sound files"));
    assert_eq!(shake(config, "example.net", &BOTH, &TLS13), new, "in the configuration that was there");
    assert!(!certificates.reload().expect("nothing changed"));
}

#[test]
fn a_fault_is_told_once_and_the_old_certificate_stays_until_it_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = files(&folder, "a");
    let old = issue(&of, &["example.net"]);
    let sound = std::fs::read(&of.certificate).expect("it was written");
    let certificates = Certificates::load(vec![of.clone()]).expect("sound files");
    std::fs::write(&of.certificate, "half of a fi").expect("it can be written");
    let error = certificates.reload().expect_err("the file is not PEM").to_string();
    assert!(error.contains("a.crt"), "{error}");
    assert!(!certificates.reload().expect("it was told already"));
    std::fs::write(&of.certificate, "another half").expect("it can be written");
    std::fs::remove_file(&of.key).expect("it was there");
    assert!(certificates.reload().is_err(), "a change is told again");
    assert_eq!(served(&certificates, "example.net"), old);
    std::fs::write(&of.certificate, sound).expect("it can be written");
    let new = issue(&of, &["example.net"]);
    assert!(certificates.reload().expect("sound again"));
    assert_eq!(served(&certificates, "example.net"), new);
}

#[test]
fn another_list_takes_the_place_of_the_old_one_unless_it_has_a_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |file| files(&folder, file);
    issue(&of("a"), &["a.example.net"]);
    let other = issue(&of("b"), &["b.example.net"]);
    let certificates = Certificates::load(vec![of("a")]).expect("sound files");
    certificates.replace(vec![of("b")]).expect("sound files");
    assert!(certificates.replace(vec![of("c")]).is_err());
    assert!(certificates.replace(Vec::new()).is_err());
    assert_eq!(served(&certificates, "a.example.net"), other);
}

#[test]
fn every_fault_names_the_file_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |file| files(&folder, file);
    let (a, b, c) = (of("a"), of("b"), of("c"));
    let der = issue(&a, &["a.example.net"]);
    issue(&b, &["b.example.net"]);
    let says = |text: String, words: &[&str]| {
        words.iter().for_each(|word| assert!(text.contains(word), "{word:?} is not in {text}"));
    };
    says(fault(&c), &["c.crt", "No such file", "check the path"]);
    let mixed = CertificateFiles { certificate: a.certificate.clone(), key: b.key.clone() };
    says(fault(&mixed), &["a.crt", "b.key", "is not the one"]);
    let exchanged = CertificateFiles { certificate: a.key.clone(), key: a.certificate.clone() };
    says(fault(&exchanged), &["a.key", "no certificate", "exchanged"]);
    let twice = CertificateFiles { certificate: a.certificate.clone(), key: a.certificate.clone() };
    says(fault(&twice), &["a.crt", "no private key", "exchanged"]);
    std::fs::write(&c.certificate, &der).expect("it can be written");
    says(fault(&c), &["c.crt", "not PEM", "openssl x509 -inform der"]);
    write(&c, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "");
    says(fault(&c), &["c.crt", "first certificate"]);
    write(&c, "-----BEGIN CERTIFICATE-----\nAA", "");
    says(fault(&c), &["c.crt", "damaged"]);
    let text = std::fs::read_to_string(&a.certificate).expect("it was written");
    write(&c, &text, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    says(fault(&c), &["c.key", "passphrase", "openssl pkey"]);
}

#[test]
fn an_expired_certificate_serves_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = files(&folder, "a");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["example.net".to_owned()]).expect("a name");
    params.not_after = rcgen::date_time_ymd(2020, 12, 31);
    let certificate = params.self_signed(&key).expect("a certificate");
    write(&of, &certificate.pem(), &key.serialize_pem());
    let certificates = Certificates::load(vec![of]).expect("a warning and no more");
    assert_eq!(served(&certificates, "example.net"), *certificate.der());
}

#[test]
fn keys_of_the_old_kinds_of_file_are_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = files(&folder, "a");
    let elliptic = KeyPair::generate().expect("a key");
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    for (key, before, tag) in [
        (elliptic, &[0x3d, 3, 1, 7, 0x04, 0x6d][..], "EC PRIVATE KEY"),
        (rsa, &[0x05, 0x00, 0x04, 0x82, 0x04][..], "RSA PRIVATE KEY"),
    ] {
        let params = CertificateParams::new(vec!["example.net".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("a certificate");
        // PKCS#8 holds the old form at its end, behind the kind of key and a length.
        let der = key.serialize_der();
        let at = der.windows(before.len()).position(|window| window == before).expect("the old form");
        let length_end = der[at..].iter().position(|byte| *byte == 0x30).expect("a sequence");
        let old = pem::encode(&pem::Pem::new(tag, &der[at + length_end..]));
        write(&of, &certificate.pem(), &old);
        let certificates =
            Certificates::load(vec![of.clone()]).unwrap_or_else(|error| panic!("{tag}: {error}"));
        assert_eq!(served(&certificates, "example.net"), *certificate.der(), "{tag}");
    }
}
