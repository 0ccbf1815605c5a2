//! Hosts with a prefix, which an endpoint that was given does not have.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        endpoint::EndpointPrefix,
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextMut, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::endpoint_config::EndpointUrl;

/// Keeps the SDK from putting a prefix before the host of an endpoint that was given.
///
/// `StartLiveTail` goes to `stream-logs.REGION.amazonaws.com`. Before an address, or the name of a VPC endpoint, such a
/// prefix makes a host that is not there.
#[derive(Debug)]
pub(super) struct NoPrefix;

#[dyn_dispatch_hint]
impl Intercept for NoPrefix {
    fn name(&self) -> &'static str {
        "NoPrefix"
    }

    fn modify_before_retry_loop(
        &self,
        _context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if bag.load::<EndpointUrl>().is_some() {
            bag.interceptor_state().unset::<EndpointPrefix>();
        }
        Ok(())
    }
}
