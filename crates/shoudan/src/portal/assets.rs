//! Style sheet, script and icon, embedded; their addresses carry a digest of the content, so that they may be kept for
//! ever and a new version is fetched at once.

/// One embedded file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Name before the digest.
    pub stem: &'static str,
    /// Ending without the dot.
    pub ending: &'static str,
    /// Media type.
    pub media: &'static str,
    /// Content.
    pub content: &'static str,
    /// Digest of the content.
    digest: u64,
}

/// The one style sheet.
pub const STYLE: Asset = Asset {
    stem: "style",
    ending: "css",
    media: "text/css; charset=utf-8",
    content: include_str!("../../assets/style.css"),
    digest: digest(include_bytes!("../../assets/style.css")),
};

/// The script that makes pages more comfortable; everything works without.
pub const SCRIPT: Asset = Asset {
    stem: "app",
    ending: "js",
    media: "text/javascript; charset=utf-8",
    content: include_str!("../../assets/app.js"),
    digest: digest(include_bytes!("../../assets/app.js")),
};

/// Keys and comfort of the console.
pub const CONSOLE: Asset = Asset {
    stem: "console",
    ending: "js",
    media: "text/javascript; charset=utf-8",
    content: include_str!("../../assets/console.js"),
    digest: digest(include_bytes!("../../assets/console.js")),
};

/// The virtual POS without leaving the page.
pub const POS: Asset = Asset {
    stem: "pos",
    ending: "js",
    media: "text/javascript; charset=utf-8",
    content: include_str!("../../assets/pos.js"),
    digest: digest(include_bytes!("../../assets/pos.js")),
};

/// The icon in the browser's tab.
pub const ICON: Asset = Asset {
    stem: "icon",
    ending: "svg",
    media: "image/svg+xml",
    content: include_str!("../../assets/icon.svg"),
    digest: digest(include_bytes!("../../assets/icon.svg")),
};

/// All embedded files.
pub const ALL: [Asset; 5] = [STYLE, SCRIPT, CONSOLE, POS, ICON];

impl Asset {
    /// The address to link to: `/assets/style-1b2c….css`.
    pub fn path(&self) -> String {
        format!("/assets/{}-{:016x}.{}", self.stem, self.digest, self.ending)
    }

    /// The file at `/assets/{name}`, if it is one of ours and of this version.
    pub fn find(name: &str) -> Option<Self> {
        ALL.into_iter()
            .find(|asset| asset.path().strip_prefix("/assets/") == Some(name))
    }
}

/// FNV-1a: names a version; guards nothing.
const fn digest(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        hash = (hash ^ *first as u64).wrapping_mul(0x0100_0000_01b3);
        rest = tail;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_under_the_address_pages_link_to() {
        for asset in ALL {
            let path = asset.path();
            let name = path.strip_prefix("/assets/").unwrap_or_default();
            assert_eq!(Asset::find(name).map(|a| a.content), Some(asset.content));
        }
        assert!(Asset::find("style-0000000000000000.css").is_none());
    }
}
