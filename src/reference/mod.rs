//! STAND-IN until the branch lands.
use anyany_dissectors::Uuid;
#[derive(Debug)]
pub struct Reference;
#[derive(Debug)]
pub struct Interface;
impl Interface {
    pub fn short_name(&self) -> &str {
        ""
    }
    pub fn operation(&self, _: u16) -> Option<&str> {
        None
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Unsupported,
    Supported,
    NotApplicable,
}
impl Support {
    pub fn word(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Supported => "supported",
            Self::NotApplicable => "not-applicable",
        }
    }
}
#[derive(Debug)]
pub struct Path {
    pub symptom: String,
    pub purpose: String,
    pub zone: String,
}
impl Reference {
    pub fn embedded() -> &'static Self {
        &Reference
    }
    pub fn interface(&self, _: Uuid) -> Option<&Interface> {
        None
    }
    pub fn requires(&self, _: &str, _: &str, _: &str) -> bool {
        false
    }
    pub fn symptom(&self, _: &Path) -> String {
        String::new()
    }
    pub fn policy(&self, _: &crate::topology::Roster, _: std::net::IpAddr, _: std::net::IpAddr) -> (Support, String) {
        (Support::NotApplicable, String::new())
    }
    #[allow(clippy::too_many_arguments)]
    pub fn path_for(
        &self,
        _: &[&str],
        _: &[&str],
        _: &str,
        _: u16,
        _: &str,
        _: Option<Uuid>,
        _: Option<&str>,
    ) -> Option<&Path> {
        None
    }
}
