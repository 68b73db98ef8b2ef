//! Parts of a record that are kept only once there is something to keep.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A `T` that takes one word while it says nothing: of a flood most flows are one packet of one side, and few
/// flows see resets, pauses or losses. It reads as the blank `T` until it is written to.
#[derive(Clone)]
pub struct Lazy<T>(Option<Box<T>>);

/// What has a blank that all may read: [`blank!`](crate::flow::blank) gives it to a type.
pub trait Blank: Default + 'static {
    /// The default, once for all.
    fn blank() -> &'static Self;
}

/// Types of which nearly all are blank.
macro_rules! blank {
    ($($of:ty),+) => {$(
        impl $crate::flow::Blank for $of {
            fn blank() -> &'static Self {
                static BLANK: std::sync::LazyLock<$of> = std::sync::LazyLock::new(<$of>::default);
                &BLANK
            }
        }
    )+};
}
pub(crate) use blank;

/// What a record's part has reads as its own: `record.field` for `record.part.field`.
macro_rules! reads_through {
    ($($of:ident.$part:ident: $to:ty),+) => {$(
        impl std::ops::Deref for $of {
            type Target = $to;

            fn deref(&self) -> &$to {
                &self.$part
            }
        }

        impl std::ops::DerefMut for $of {
            fn deref_mut(&mut self) -> &mut $to {
                &mut self.$part
            }
        }
    )+};
}
pub(crate) use reads_through;

impl<T> Lazy<T> {
    /// What is kept, if anything; unlike a write this keeps nothing new.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// Whether anything is kept.
    pub fn is_blank(&self) -> bool {
        self.0.is_none()
    }
}

impl<T> Default for Lazy<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(whole: T) -> Self {
        Self(Some(Box::new(whole)))
    }
}

impl<T: Blank> Deref for Lazy<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::blank())
    }
}

impl<T: Blank> DerefMut for Lazy<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_with(kept)
    }
}

/// Away from where records are written to packet after packet.
#[cold]
#[allow(clippy::unnecessary_box_returns)] // the box is what is kept
fn kept<T: Default>() -> Box<T> {
    Box::default()
}

impl<T: Blank + fmt::Debug> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::delivery::Delivery;
    use crate::flow::half::{Half, Losses, Spoken};
    use crate::flow::record::{Rare, Tries};

    use super::*;

    #[test]
    fn a_blank_reads_as_the_default_and_takes_one_word() {
        fn same<T: Blank + fmt::Debug>() {
            assert_eq!(format!("{:?}", T::blank()), format!("{:?}", T::default()));
            assert_eq!(size_of::<Lazy<T>>(), size_of::<usize>());
        }
        same::<Half>();
        same::<Spoken>();
        same::<Losses>();
        same::<Delivery>();
        same::<Rare>();
        same::<Tries>();
    }

    #[test]
    fn only_writing_keeps() {
        let mut half = Lazy::<Half>::default();
        assert_eq!((half.packets, half.retransmissions, half.is_blank()), (0, 0, true));
        assert!(half.get_mut().is_none());
        half.packets += 1;
        assert_eq!((half.packets, half.is_blank()), (1, false));
        assert!(half.get_mut().is_some());
    }
}
