//! Parameter Store: the texts below a path.

use aws_sdk_ssm::types as aws;

use crate::domain::fetch::Failure;
use crate::runbook::parameters::Parameter;

use super::{
    Connection,
    action::Action,
    paging::{Paged, pages},
};

/// The most parameters that are read below a path: those of a catalogue, however its files are split, and no more.
const MOST_PARAMETERS: usize = 2_000;
/// How many parameters a page of `GetParametersByPath` holds at most.
const PAGE: i32 = 10;

impl Connection {
    /// Reads the parameters below a path, in all of its levels.
    ///
    /// What is encrypted stays so: a catalogue is no secret, and a secret is not read.
    ///
    /// # Errors
    /// A [`Failure`] where they cannot be read.
    pub async fn parameters(&self, path: &str) -> Result<Paged<Parameter>, Failure> {
        let ssm = self.ssm_client();
        let read = pages(MOST_PARAMETERS, |token| async move {
            let ask = || {
                let request = ssm.get_parameters_by_path().path(path).recursive(true).with_decryption(false);
                request.max_results(PAGE).set_next_token(token.clone()).send()
            };
            let answer = self.home.caller.call(Action::GetParametersByPath, path, ask).await?;
            Ok((answer.parameters.unwrap_or_default(), answer.next_token))
        });
        let read = read.await?;
        Ok(Paged { items: read.items.into_iter().filter_map(parameter).collect(), capped: read.capped })
    }
}

/// Maps a parameter; one without a name is none. The value is left as it is: it is judged as the text of a file.
fn parameter(raw: aws::Parameter) -> Option<Parameter> {
    Some(Parameter {
        name: raw.name?,
        is_plain: raw.r#type == Some(aws::ParameterType::String),
        value: raw.value.unwrap_or_default(),
    })
}
