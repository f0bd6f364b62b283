//! The pages, and the comparison of a page with its right text.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Pages beside `docs`.
const TOP: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

/// A page by its path within the project.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) text: String,
}

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, in order of their names.
pub(crate) fn pages() -> Vec<Page> {
    let mut names: Vec<String> = TOP.iter().map(|name| (*name).to_owned()).collect();
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(project().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if project().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                names.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    names.retain(|name| project().join(name).exists());
    names.sort();
    let read = |name: String| Page { text: fs::read_to_string(project().join(&name)).unwrap(), name };
    names.into_iter().map(read).collect()
}

/// The page of this name.
pub(crate) fn page(name: &str) -> Page {
    pages().into_iter().find(|page| page.name == name).unwrap_or_else(|| panic!("there is no page {name}"))
}

/// Held by the test that compares pages, since it may write them.
static PAGES: Mutex<()> = Mutex::new(());

/// Fails where a file differs from its right text, or writes that; `right` makes the pages of today right, and gives
/// names with texts.
pub(crate) fn compare(right: impl FnOnce(Vec<Page>) -> Vec<Page>) {
    let _held = PAGES.lock();
    let bless = std::env::var("ECHOLAB_BLESS").unwrap_or_default();
    let mut wrong = Vec::new();
    for page in right(pages()) {
        let written = fs::read_to_string(project().join(&page.name)).unwrap_or_default();
        if written == page.text {
            continue;
        }
        if ["1", &page.name].contains(&bless.as_str()) {
            // other tests read it meanwhile
            let path = project().join(&page.name);
            let whole = path.with_extension("new");
            fs::write(&whole, page.text).unwrap();
            fs::rename(whole, path).unwrap();
        } else {
            wrong.push(first_difference(&page.name, &written, &page.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn first_difference(name: &str, written: &str, right: &str) -> String {
    let number = written.lines().zip(right.lines()).take_while(|(written, right)| written == right).count();
    let line = |text: &str| text.lines().nth(number).unwrap_or("(the end)").to_owned();
    format!(
        "{name}:{}: it says\n  {}\nwhere this is right:\n  {}\n`just bless {name}` writes it again",
        number + 1,
        line(written),
        line(right)
    )
}
