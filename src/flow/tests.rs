//! What a flow must know, told as small captures.

mod attempts;
mod copies;
mod endings;
mod order;
mod sides;
pub(crate) mod story;
mod streams;
pub(crate) mod wire;

use anyany_dissectors::Side::{Initiator, Responder};

use super::Outcome;
use story::{Line, MS, S, story, watch};
