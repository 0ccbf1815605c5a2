//! Signature Version 4 for what the SDK has no client for.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        SignableBody, SignableRequest, SignatureLocation, SigningInstructions, SigningSettings, sign as sign_request,
    },
    sign::v4,
};

use crate::domain::endpoint::authority;

use super::error::chain;

/// The type of a form's content.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Says as whom, for what, and when something is signed.
pub(super) struct Signer<'a> {
    /// The keys.
    pub(super) credentials: &'a Credentials,
    /// The region.
    pub(super) region: &'a str,
    /// The service, as signatures name it.
    pub(super) service: &'a str,
    /// When.
    pub(super) time: SystemTime,
}

impl Signer<'_> {
    /// Signs a GET of an address without a body: for its headers, or where `lasts` says how long, for its query.
    ///
    /// The headers that are signed are `host`, `x-amz-date` and, with temporary credentials, `x-amz-security-token`.
    ///
    /// # Errors
    /// Why the address cannot be signed, in words.
    pub(super) fn sign(&self, url: &str, lasts: Option<Duration>) -> Result<SigningInstructions, String> {
        self.sign_request("GET", url, &[], b"", lasts)
    }

    /// Signs a POST of a form, for its headers.
    ///
    /// # Errors
    /// Why the address cannot be signed, in words.
    pub(super) fn sign_form(&self, url: &str, form: &str) -> Result<SigningInstructions, String> {
        self.sign_request("POST", url, &[("content-type", FORM)], form.as_bytes(), None)
    }

    fn sign_request(
        &self,
        method: &str,
        url: &str,
        headers: &[(&'static str, &'static str)],
        body: &[u8],
        lasts: Option<Duration>,
    ) -> Result<SigningInstructions, String> {
        // The signer takes an address without a host for a defect of its caller, and panics.
        if authority(url).split(':').next().is_none_or(str::is_empty) {
            return Err(url.to_owned());
        }
        let mut settings = SigningSettings::default();
        settings.expires_in = lasts;
        settings.signature_location =
            if lasts.is_some() { SignatureLocation::QueryParams } else { SignatureLocation::Headers };
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder().identity(&identity).region(self.region).name(self.service);
        let params = params.time(self.time).settings(settings).build().map_err(|error| chain(&error))?.into();
        let request = SignableRequest::new(method, url, headers.iter().copied(), SignableBody::Bytes(body));
        let signed = request.and_then(|request| sign_request(request, &params)).map_err(|error| chain(&error))?;
        Ok(signed.into_parts().0)
    }
}
