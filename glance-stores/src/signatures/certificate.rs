//! One certificate: its time, what it may do, its key.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use glance_core::domain::Timestamp;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5280::{
    ANY_EXTENDED_KEY_USAGE, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_ALT_NAME, ID_KP_CODE_SIGNING,
};
use x509_cert::der::{self, Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::{Certificate, TbsCertificate};

use super::key::{self, PublicKey};

/// A certificate that was read. Its key may be of a kind that nobody here knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    certificate: Certificate,
    constraints: Option<BasicConstraints>,
    usage: Option<KeyUsage>,
    purposes: Option<ExtendedKeyUsage>,
    /// Whether nothing in it limits it in a way that is not looked at here.
    is_understood: bool,
}

impl Parsed {
    /// The certificates in PEM, or the one in DER.
    pub(super) fn read_all(bytes: &[u8]) -> Result<Vec<Self>, der::Error> {
        let certificates = if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
            Certificate::load_pem_chain(bytes)?
        } else {
            vec![Certificate::from_der(bytes)?]
        };
        certificates.into_iter().map(Self::of).collect()
    }

    fn of(certificate: Certificate) -> Result<Self, der::Error> {
        let tbs = certificate.tbs_certificate();
        let constraints = tbs.get_extension::<BasicConstraints>()?;
        let usage = tbs.get_extension::<KeyUsage>()?;
        let purposes = tbs.get_extension::<ExtendedKeyUsage>()?;
        let mut extensions = tbs.extensions().into_iter().flatten();
        let is_understood = extensions.all(is_understood);
        Ok(Self {
            constraints: constraints.map(|(_, constraints)| constraints),
            usage: usage.map(|(_, usage)| usage),
            purposes: purposes.map(|(_, purposes)| purposes),
            is_understood,
            certificate,
        })
    }

    /// Whether a time is within its dates.
    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let now: SystemTime = UNIX_EPOCH + Duration::from_micros(micros);
        let validity = self.tbs().validity();
        validity.not_before.to_system_time() <= now && now <= validity.not_after.to_system_time()
    }

    /// Whether it may vouch for others, with so many certificates between it and the last.
    pub(super) fn may_vouch(&self, between: u8, now: Timestamp) -> bool {
        let is_authority = self.constraints.as_ref().is_some_and(|constraints| {
            constraints.ca
                && constraints
                    .path_len_constraint
                    .is_none_or(|most| between <= most)
        });
        let signs = self.usage.as_ref().is_none_or(KeyUsage::key_cert_sign);
        is_authority
            && signs
            && self.is_for_signed_data()
            && self.is_understood
            && self.is_valid_at(now)
    }

    /// Whether its key may sign data.
    pub(super) fn may_sign_data(&self) -> bool {
        let signs = |usage: &KeyUsage| usage.digital_signature() || usage.non_repudiation();
        self.is_understood && self.is_for_signed_data() && self.usage.as_ref().is_none_or(signs)
    }

    /// Whether signed data is a purpose of its key, critical or not (RFC 5280, 4.2.1.12). An
    /// authority for other purposes vouches for no signer either, as with OpenSSL.
    fn is_for_signed_data(&self) -> bool {
        let purposes = self.purposes.as_ref();
        purposes.is_none_or(|ExtendedKeyUsage(purposes)| {
            let mut purposes = purposes.iter();
            purposes.any(|purpose| [ID_KP_CODE_SIGNING, ANY_EXTENDED_KEY_USAGE].contains(purpose))
        })
    }

    /// Whether it was made by another one.
    pub(super) fn is_issued_by(&self, issuer: &Self) -> bool {
        if self.tbs().issuer() != issuer.tbs().subject()
            || self.certificate.signature_algorithm() != self.tbs().signature()
        {
            return false;
        }
        let (Some(key), Some(signature), Ok(signed)) = (
            issuer.key(),
            self.certificate.signature().as_bytes(),
            self.tbs().to_der(),
        ) else {
            return false;
        };
        let algorithm = self.certificate.signature_algorithm().oid;
        key::verify_certificate(&key, algorithm, &signed, signature)
    }

    /// Its key, if that is of a kind that is known.
    pub(super) fn key(&self) -> Option<PublicKey<'_>> {
        PublicKey::of(self.tbs().subject_public_key_info())
    }

    fn tbs(&self) -> &TbsCertificate {
        self.certificate.tbs_certificate()
    }
}

/// Whether an extension may be passed over, or is not. Constraints of names have to be critical, so
/// that nobody passes over them (RFC 5280, 4.2.1.10): those that are not count as if they were.
fn is_understood(extension: &Extension) -> bool {
    let is_critical = extension.critical || extension.extn_id == ID_CE_NAME_CONSTRAINTS;
    !is_critical || KNOWN.contains(&extension.extn_id)
}

/// Extensions that are looked at here, or say nothing about signatures of data.
const KNOWN: [ObjectIdentifier; 4] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_KEY_USAGE,
    ID_CE_SUBJECT_ALT_NAME,
];
