//! Stories of segments, and what the flow record says of them.
