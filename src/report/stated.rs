//! What the support policy says of two roles, version by version: the words behind a table of ports.

use serde_json::{Value, json};

use crate::reference::{Reference, Ruling, Version};
use crate::report::page::{Page, Tone};
use crate::report::ports::Wanted;

/// One ruling, and the versions for which it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// In order.
    pub versions: Vec<Version>,
    /// What the policy says of a device that blocks between the two.
    pub ruling: Ruling,
}

/// The rulings for two roles in the versions that know both; none where a role is not asked for.
pub fn stated(reference: &Reference, wanted: &Wanted<'_>) -> Vec<Stated> {
    let (Some(from), Some(to)) = (wanted.from, wanted.to) else { return Vec::new() };
    let (Some(one), Some(other)) = (reference.role(from), reference.role(to)) else { return Vec::new() };
    let mut all: Vec<Stated> = Vec::new();
    for &version in Version::ALL {
        let knows = [one, other].iter().all(|role| role.versions.is_empty() || role.versions.contains(&version));
        if !knows || wanted.version.is_some_and(|only| only != version) {
            continue;
        }
        let ruling = reference.support(&[from], &[to], None, Some(version.word()));
        match all.last_mut().filter(|last| last.ruling == ruling) {
            Some(last) => last.versions.push(version),
            None => all.push(Stated { versions: vec![version], ruling }),
        }
    }
    all
}

/// The last word of a table of ports.
pub(super) fn write(page: &mut Page, stated: &[Stated]) {
    if stated.is_empty() {
        return;
    }
    page.heading("SUPPORT (what the vendor's stated policy says of blocking between the two)");
    for one in stated {
        let versions: Vec<&str> = one.versions.iter().map(|version| version.word()).collect();
        let document = one.ruling.sources.first().map(|document| format!(" [{document}]")).unwrap_or_default();
        let says = format!("{}. {}{document}", one.ruling.support, one.ruling.sentence);
        page.paragraph(2, 4, &[(Tone::Strong, &format!("{}:", versions.join(", "))), (Tone::Text, &says)]);
    }
}

/// The same for scripts.
pub(super) fn document(stated: &[Stated]) -> Value {
    let one = |one: &Stated| {
        let versions: Vec<&str> = one.versions.iter().map(|version| version.word()).collect();
        json!({
            "versions": versions,
            "support": one.ruling.support.word(),
            "policy": one.ruling.sentence,
            "policy_sources": one.ruling.sources,
        })
    };
    stated.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Support;

    fn rulings(from: &str, to: &str, version: Option<Version>) -> Vec<(Vec<Version>, Support)> {
        let wanted = Wanted { from: Some(from), to: Some(to), version, ..Wanted::default() };
        let all = stated(Reference::embedded(), &wanted);
        all.into_iter().map(|one| (one.versions, one.ruling.support)).collect()
    }

    #[test]
    fn versions_with_one_ruling_stand_together_and_others_apart() {
        use Version::{Se, V2003, V2007, V2010, V2013, V2016, V2019};
        assert_eq!(rulings("frontend", "backend", None), [(vec![V2003], Support::Supported)]);
        let cas = rulings("cas", "dc", None);
        assert_eq!(cas.iter().map(|one| one.0.clone()).collect::<Vec<_>>(), [vec![V2007], vec![V2010], vec![V2013]]);
        assert!(cas.iter().all(|one| one.1 == Support::Unsupported));
        assert_eq!(rulings("hub", "edge", None), [(vec![V2007, V2010], Support::Supported)]);
        let outlook = rulings("outlook", "mailbox", None);
        assert_eq!(outlook.last(), Some(&(vec![V2013, V2016, V2019, Se], Support::Supported)));
        assert_eq!(rulings("mailbox", "dc", Some(V2016)), [(vec![V2016], Support::Unsupported)]);
    }

    #[test]
    fn nothing_is_stated_of_one_role_or_of_a_version_without_it() {
        assert!(stated(Reference::embedded(), &Wanted { from: Some("cas"), ..Wanted::default() }).is_empty());
        assert!(rulings("cas", "dc", Some(Version::V2016)).is_empty());
        assert!(rulings("any-exchange", "dc", None).is_empty());
    }
}
