//! Keys, certificates and signatures of the real `openssl`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use glance_core::domain::{HashAlgorithm, ImageSignature, SignatureScheme, Timestamp};
use glance_core::ports::{Clock, SignatureError, SignatureVerifier};
use tempfile::TempDir;

use super::{CertificateFolder, CertificateVerifier, TrustedAuthorities};
use crate::SystemClock;

/// A folder of keys and certificates that grows as a test needs them.
struct Desk(TempDir);

/// The id of the certificate that most tests sign with.
const ID: &str = "8dab5c5f-9b36-4c5e-a4b8-6ab21a1ff1a0";
const DATA: &[u8] = b"the bytes of a disk";

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn openssl(&self, line: &str) {
        let mut command = Command::new("openssl");
        let output = command
            .args(line.split(' '))
            .current_dir(self.path())
            .output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {line}: {said}");
    }

    /// A key, and a certificate that it vouches for itself.
    fn own(&self, name: &str, key: &str, more: &str) {
        self.openssl(&format!(
            "req -x509 -newkey {key} -nodes -keyout {name}.key -out {name}.pem -subj /CN={name}{more}"
        ));
    }

    /// The same of DSA, with numbers of so many bits.
    fn own_dsa(&self, p: u32, q: u32) {
        self.openssl(&format!(
            "genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:{p} \
             -pkeyopt dsa_paramgen_q_bits:{q} -out parameters"
        ));
        self.own(ID, "dsa:parameters", "");
    }

    /// A key, and a certificate that another one vouches for.
    fn issued(&self, name: &str, by: &str, extensions: &str) {
        self.openssl(&format!(
            "req -new -newkey {RSA} -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
        ));
        fs::write(self.path().join("extensions"), extensions).unwrap();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -days 2 \
             -out {name}.pem -extfile extensions"
        ));
    }

    /// The signature of the data by a key.
    fn sign(&self, key: &str, hash: &str, options: &str) -> Vec<u8> {
        fs::write(self.path().join("data"), DATA).unwrap();
        self.openssl(&format!(
            "dgst -{hash} -sign {key}.key{options} -out signature data"
        ));
        fs::read(self.path().join("signature")).unwrap()
    }

    fn verifier(&self) -> CertificateVerifier {
        CertificateVerifier::new(Arc::new(CertificateFolder::new(self.path())))
    }

    /// A verifier that trusts these certificates.
    fn trusting(&self, names: &[&str]) -> CertificateVerifier {
        let folder = self.path().join("authorities");
        fs::create_dir_all(&folder).unwrap();
        for name in names {
            let file = format!("{name}.pem");
            fs::copy(self.path().join(&file), folder.join(&file)).unwrap();
        }
        self.verifier()
            .with_authorities(TrustedAuthorities::read(&folder).unwrap())
    }
}

const RSA: &str = "rsa:2048";
/// Two numbers that are zero.
const ZEROS: &[u8] = &[0x30, 6, 2, 1, 0, 2, 1, 0];
const PSS: &str = " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max";
const HASHES: [HashAlgorithm; 4] = [
    HashAlgorithm::Sha224,
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
];

fn said(scheme: SignatureScheme, hash: HashAlgorithm, bytes: Vec<u8>) -> ImageSignature {
    ImageSignature {
        certificate: ID.parse().unwrap(),
        hash,
        scheme,
        bytes,
    }
}

/// Verifies the signature of data.
async fn verify(
    verifier: &CertificateVerifier,
    signature: &ImageSignature,
    data: &[u8],
) -> Result<(), SignatureError> {
    let check = verifier.begin(signature, SystemClock.now()).await?;
    let mut hasher = signature.hash.hasher();
    hasher.update(data);
    check.verify(&hasher.finish_bytes())
}

/// Verifies the signature of the data by the key `ID`.
async fn verify_own(desk: &Desk, verifier: &CertificateVerifier) -> Result<(), SignatureError> {
    let bytes = desk.sign(ID, "sha256", PSS);
    let signature = said(SignatureScheme::RsaPss, HashAlgorithm::Sha256, bytes);
    verify(verifier, &signature, DATA).await
}

#[tokio::test]
async fn rsa_pss_verifies_with_the_longest_salt() {
    let desk = Desk::new();
    desk.own(ID, RSA, "");
    let verifier = desk.verifier();

    for hash in HASHES {
        let bytes = desk.sign(ID, hash.as_str(), PSS);
        let signature = said(SignatureScheme::RsaPss, hash, bytes);
        verify(&verifier, &signature, DATA).await.unwrap();

        let other = verify(&verifier, &signature, b"other data").await;
        assert!(matches!(other, Err(SignatureError::Mismatch)), "{hash}");

        let short = PSS.replace("max", "digest");
        let bytes = desk.sign(ID, hash.as_str(), &short);
        let signature = said(SignatureScheme::RsaPss, hash, bytes);
        let short = verify(&verifier, &signature, DATA).await;
        assert!(matches!(short, Err(SignatureError::Mismatch)), "{hash}");
    }
}

#[tokio::test]
async fn ecdsa_verifies_on_each_curve_with_each_hash() {
    for curve in ["prime256v1", "secp384r1", "secp521r1"] {
        let desk = Desk::new();
        desk.own(ID, "ec", &format!(" -pkeyopt ec_paramgen_curve:{curve}"));
        let verifier = desk.verifier();
        for hash in HASHES {
            let bytes = desk.sign(ID, hash.as_str(), "");
            let signature = said(SignatureScheme::Ecdsa, hash, bytes);
            let verified = verify(&verifier, &signature, DATA).await;
            assert!(verified.is_ok(), "{curve} {hash}: {verified:?}");

            let other = verify(&verifier, &signature, b"other data").await;
            assert!(
                matches!(other, Err(SignatureError::Mismatch)),
                "{curve} {hash}"
            );
        }
    }
}

#[tokio::test]
async fn dsa_verifies_with_keys_of_each_size_and_each_hash() {
    for (p, q) in [(2048, 224), (2048, 256), (3072, 256)] {
        let desk = Desk::new();
        desk.own_dsa(p, q);
        let verifier = desk.verifier();
        for hash in HASHES {
            let bytes = desk.sign(ID, hash.as_str(), "");
            let signature = said(SignatureScheme::Dsa, hash, bytes);
            let verified = verify(&verifier, &signature, DATA).await;
            assert!(verified.is_ok(), "{p} {hash}: {verified:?}");

            let other = verify(&verifier, &signature, b"other data").await;
            assert!(matches!(other, Err(SignatureError::Mismatch)), "{p} {hash}");
        }
        let good = desk.sign(ID, "sha256", "");
        for broken in [&good[1..], &good[..good.len() - 1], &[0x30; 300], ZEROS] {
            let signature = said(SignatureScheme::Dsa, HashAlgorithm::Sha256, broken.to_vec());
            let broken = verify(&verifier, &signature, DATA).await;
            assert!(matches!(broken, Err(SignatureError::Mismatch)), "{p}");
        }
    }
}

#[tokio::test]
async fn signatures_of_odd_lengths_do_not_verify_by_rsa_over_sha_224() {
    for key in [RSA, "rsa:2049", "rsa:3072"] {
        let desk = Desk::new();
        desk.own(ID, key, "");
        let verifier = desk.verifier();
        let good = desk.sign(ID, "sha224", PSS);
        let verified = async |bytes: &[u8]| {
            let signature = said(SignatureScheme::RsaPss, HashAlgorithm::Sha224, bytes.into());
            verify(&verifier, &signature, DATA).await
        };

        verified(&good).await.unwrap();
        let longer = [&[0], &good[..]].concat();
        for broken in [&good[1..], &good[..10], &longer, &[0xff; 256], &[0; 4096]] {
            assert!(
                matches!(verified(broken).await, Err(SignatureError::Mismatch)),
                "{key} {}",
                broken.len()
            );
        }
    }
}

#[tokio::test]
async fn a_signature_by_another_key_does_not_verify() {
    let desk = Desk::new();
    desk.own("other", RSA, "");
    desk.own(ID, RSA, "");

    let bytes = desk.sign("other", "sha256", PSS);
    let signature = said(SignatureScheme::RsaPss, HashAlgorithm::Sha256, bytes);
    let verified = verify(&desk.verifier(), &signature, DATA).await;

    assert!(
        matches!(verified, Err(SignatureError::Mismatch)),
        "{verified:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_verified_is_refused_before_any_data_is_read() {
    let desk = Desk::new();
    desk.own(ID, RSA, "");
    let begun = async |scheme, hash| {
        let signature = said(scheme, hash, b"whatever".to_vec());
        desk.verifier()
            .begin(&signature, SystemClock.now())
            .await
            .unwrap_err()
            .to_string()
    };

    assert_eq!(
        begun(SignatureScheme::RsaPss, HashAlgorithm::Md5).await,
        "signatures of type RSA-PSS over md5 are not supported"
    );
    assert_eq!(
        begun(SignatureScheme::Dsa, HashAlgorithm::Sha256).await,
        format!("the key of certificate {ID} makes no signatures of type DSA")
    );
    assert_eq!(
        begun(SignatureScheme::Ecdsa, HashAlgorithm::Sha256).await,
        format!("the key of certificate {ID} makes no signatures of type ECDSA")
    );
}

#[tokio::test]
async fn keys_of_other_curves_and_short_ones_are_refused() {
    let refused = async |desk: Desk, scheme| {
        let signature = said(scheme, HashAlgorithm::Sha256, b"whatever".to_vec());
        let begun = desk.verifier().begin(&signature, SystemClock.now()).await;
        let error = begun.unwrap_err();
        assert!(
            matches!(error, SignatureError::UnsupportedKey { .. }),
            "{scheme}: {error}"
        );
    };

    let desk = Desk::new();
    desk.own(ID, "ec", " -pkeyopt ec_paramgen_curve:sect571k1");
    refused(desk, SignatureScheme::Ecdsa).await;
    let desk = Desk::new();
    desk.own(ID, "rsa:1024", "");
    refused(desk, SignatureScheme::RsaPss).await;
    let desk = Desk::new();
    desk.own_dsa(1024, 160);
    refused(desk, SignatureScheme::Dsa).await;
}

#[tokio::test]
async fn a_certificate_is_good_within_its_dates_only() {
    let desk = Desk::new();
    desk.own(ID, RSA, " -days 2");
    let signature = said(
        SignatureScheme::RsaPss,
        HashAlgorithm::Sha256,
        b"s".to_vec(),
    );
    let begun = async |days: i64| {
        let moved = SystemClock.now().as_micros() + days * 24 * 3600 * 1_000_000;
        desk.verifier()
            .begin(&signature, Timestamp::from_micros(moved))
            .await
    };

    assert!(begun(1).await.is_ok());
    for days in [-1, 3] {
        let error = begun(days).await.unwrap_err();
        assert!(
            matches!(error, SignatureError::NotValidNow { .. }),
            "{days}: {error}"
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_absent_broken_or_endless_is_refused() {
    let desk = Desk::new();
    let begun = async || {
        let signature = said(
            SignatureScheme::RsaPss,
            HashAlgorithm::Sha256,
            b"s".to_vec(),
        );
        let verifier = desk.verifier();
        let begun = verifier.begin(&signature, SystemClock.now());
        begun.await.unwrap_err()
    };

    assert!(matches!(begun().await, SignatureError::NotFound { .. }));

    let file = desk.path().join(format!("{ID}.pem"));
    for broken in [&b""[..], b"nothing", b"-----BEGIN CERTIFICATE-----\n"] {
        fs::write(&file, broken).unwrap();
        assert!(matches!(begun().await, SignatureError::Malformed { .. }));
    }
    fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(begun().await, SignatureError::Malformed { .. }));
}

#[tokio::test]
async fn a_certificate_in_der_is_read_too() {
    let desk = Desk::new();
    desk.own(ID, RSA, "");
    desk.openssl(&format!("x509 -in {ID}.pem -outform DER -out der"));
    fs::rename(
        desk.path().join("der"),
        desk.path().join(format!("{ID}.pem")),
    )
    .unwrap();

    verify_own(&desk, &desk.verifier()).await.unwrap();
}

#[tokio::test]
async fn only_certificates_of_trusted_authorities_are_taken_where_there_are_some() {
    let desk = Desk::new();
    for root in ["root", "stranger"] {
        desk.own(root, RSA, "");
    }
    desk.issued(ID, "root", "keyUsage=critical,digitalSignature");

    verify_own(&desk, &desk.trusting(&["root"])).await.unwrap();

    fs::remove_file(desk.path().join("authorities/root.pem")).unwrap();
    let verified = verify_own(&desk, &desk.trusting(&["stranger"])).await;
    assert!(
        matches!(verified, Err(SignatureError::Untrusted { .. })),
        "{verified:?}"
    );

    // It may also be named itself.
    verify_own(&desk, &desk.trusting(&[ID])).await.unwrap();
}

#[tokio::test]
async fn an_authority_of_the_same_name_with_another_key_vouches_for_nothing() {
    let desk = Desk::new();
    desk.own("root", RSA, "");
    desk.issued(ID, "root", "basicConstraints=CA:FALSE");
    desk.own("root", RSA, "");

    let verified = verify_own(&desk, &desk.trusting(&["root"])).await;

    assert!(
        matches!(verified, Err(SignatureError::Untrusted { .. })),
        "{verified:?}"
    );
}

#[tokio::test]
async fn what_stands_between_comes_with_the_certificate_and_must_be_an_authority() {
    for (between, is_trusted) in [
        ("basicConstraints=critical,CA:TRUE", true),
        ("basicConstraints=critical,CA:TRUE,pathlen:0", true),
        ("basicConstraints=critical,CA:FALSE", false),
        ("basicConstraints=CA:TRUE\nkeyUsage=digitalSignature", false),
        (
            "basicConstraints=CA:TRUE\nnameConstraints=critical,permitted;DNS:x",
            false,
        ),
        (
            "basicConstraints=CA:TRUE\nnameConstraints=permitted;DNS:x",
            false,
        ),
        (
            "basicConstraints=CA:TRUE\nextendedKeyUsage=serverAuth",
            false,
        ),
    ] {
        let desk = Desk::new();
        desk.own("root", RSA, "");
        desk.issued("between", "root", between);
        desk.issued(ID, "between", "basicConstraints=CA:FALSE");
        let verifier = desk.trusting(&["root"]);

        let alone = verify_own(&desk, &verifier).await;
        assert!(
            matches!(alone, Err(SignatureError::Untrusted { .. })),
            "{alone:?}"
        );

        let read = |name: &str| fs::read(desk.path().join(format!("{name}.pem"))).unwrap();
        let both = [read(ID), read("between")].concat();
        fs::write(desk.path().join(format!("{ID}.pem")), both).unwrap();
        let verified = verify_own(&desk, &verifier).await;
        assert_eq!(verified.is_ok(), is_trusted, "{between}: {verified:?}");
    }
}

#[tokio::test]
async fn an_authority_vouches_for_no_longer_chain_than_it_may() {
    let desk = Desk::new();
    desk.own(
        "root",
        RSA,
        " -addext basicConstraints=critical,CA:TRUE,pathlen:0",
    );
    desk.issued("between", "root", "basicConstraints=CA:TRUE");
    desk.issued(ID, "between", "basicConstraints=CA:FALSE");
    let read = |name: &str| fs::read(desk.path().join(format!("{name}.pem"))).unwrap();
    let both = [read(ID), read("between")].concat();
    fs::write(desk.path().join(format!("{ID}.pem")), both).unwrap();

    let verified = verify_own(&desk, &desk.trusting(&["root"])).await;

    assert!(
        matches!(verified, Err(SignatureError::Untrusted { .. })),
        "{verified:?}"
    );
}

#[tokio::test]
async fn a_certificate_is_trusted_for_what_it_is_for() {
    for (extensions, is_trusted) in [
        ("keyUsage=critical,keyEncipherment", false),
        ("extendedKeyUsage=critical,serverAuth", false),
        ("extendedKeyUsage=serverAuth,clientAuth", false),
        ("extendedKeyUsage=critical,codeSigning", true),
        ("extendedKeyUsage=serverAuth,codeSigning", true),
        ("extendedKeyUsage=anyExtendedKeyUsage", true),
    ] {
        let desk = Desk::new();
        desk.own("root", RSA, "");
        desk.issued(ID, "root", extensions);

        let verified = verify_own(&desk, &desk.trusting(&["root"])).await;

        assert_eq!(verified.is_ok(), is_trusted, "{extensions}: {verified:?}");
        let is_untrusted = matches!(verified, Err(SignatureError::Untrusted { .. }));
        assert_eq!(is_untrusted, !is_trusted, "{extensions}: {verified:?}");
    }
}

#[test]
fn authorities_that_are_none_are_told() {
    let desk = Desk::new();
    let told = |path: &Path| TrustedAuthorities::read(path).unwrap_err().to_string();

    assert!(told(desk.path()).ends_with("holds no certificate"));
    assert!(told(&desk.path().join("absent")).starts_with("cannot read certificates from"));
    fs::write(desk.path().join("readme"), "no certificate").unwrap();
    assert!(told(desk.path()).contains("readme"));
}
