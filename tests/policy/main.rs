//! The policies and documents that are compiled, judged by somebody else's reading of IAM.

mod calls;
mod documents;
mod enforced;
mod matrix;
#[cfg(feature = "strangers")]
mod parliament;
mod shape;
mod support;
