//! A source file as the house's rules see it: the full paths that it names, and its lines. Comments and strings are no
//! code, and what stands under `#[cfg(test)]` is left out, since tests may read files and look at clocks.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One file of `src`.
pub(crate) struct Source {
    /// Relative to `src`: `track/tcp/mod.rs`.
    pub(crate) path: String,
    /// As it stands on the disk.
    pub(crate) text: String,
    /// The names that it uses outside its tests.
    pub(crate) names: Vec<Name>,
    /// The names that it imports or re-exports outside its tests, and the full path of each.
    pub(crate) imported: Vec<(String, String)>,
    /// Files and folders that are its tests, since it has them under `#[cfg(test)] mod …;`: `report/samples`.
    pub(crate) tests: Vec<String>,
}

/// A path as it is after every `use`, `self` and `super` was followed: `crate::model::Frame`, `std::fs::File`; a macro
/// ends in `!`, a method is a `.` and its name.
pub(crate) struct Name {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// The full path.
    pub(crate) path: String,
}

impl Source {
    /// Reads and parses `src/path`.
    pub(crate) fn read(src: &Path, path: String) -> Self {
        let text = fs::read_to_string(src.join(&path)).unwrap();
        Self::parse(path, text)
    }

    /// Parses a file's text.
    pub(crate) fn parse(path: String, text: String) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("src/{path} is no Rust: {error}"));
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        let mut walk = Walk { module, found: Vec::new(), imported: HashMap::new(), tests: Vec::new() };
        walk.tokens(&tokens.into_iter().collect::<Vec<_>>());
        let tests = std::mem::take(&mut walk.tests);
        let imported = walk.imported.iter().map(|(name, path)| (name.clone(), path.join("::"))).collect();
        Self { path, text, names: walk.names(), imported, tests }
    }

    /// The folder or file directly under `src`: `track`, `pipeline`.
    pub(crate) fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// Lines of code and comment, without the tests at the end.
    pub(crate) fn lines_without_tests(&self) -> usize {
        self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()
    }
}

struct Walk {
    module: Vec<String>,
    found: Vec<(usize, Vec<String>)>,
    /// The imported path of a name.
    imported: HashMap<String, Vec<String>>,
    tests: Vec<String>,
}

impl Walk {
    fn tokens(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match rest {
                [hash, TokenTree::Group(attribute), ..] if is(hash, '#') && is_test(&attribute.stream()) => {
                    self.test_module(&rest[2..]);
                    item_length(&rest[2..]) + 2
                }
                [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..] if word == "mod" => {
                    self.module.push(name.to_string());
                    self.tokens(&body.stream().into_iter().collect::<Vec<_>>());
                    self.module.pop();
                    3
                }
                [TokenTree::Ident(word), next, ..] if word == "use" && !is(next, '<') => {
                    let length = rest.iter().take_while(|token| !is(token, ';')).count();
                    self.imports(&Vec::new(), &rest[1..length]);
                    length
                }
                [dot, second, ..] if is(dot, '.') && is(second, '.') => 2,
                [dot, TokenTree::Ident(method), ..] if is(dot, '.') => {
                    self.found.push((method.span().start().line, vec![format!(".{method}")]));
                    2
                }
                [TokenTree::Ident(_), ..] => self.path(rest),
                [TokenTree::Group(group), ..] => {
                    self.tokens(&group.stream().into_iter().collect::<Vec<_>>());
                    1
                }
                _ => 1,
            };
        }
    }

    /// A module of tests that is a file of its own.
    fn test_module(&mut self, item: &[TokenTree]) {
        let item = &item[..item_length(item)];
        let bare = item.iter().position(|token| matches!(token, TokenTree::Ident(word) if word == "mod"));
        if let Some([_, TokenTree::Ident(name), end, ..]) = bare.map(|start| &item[start..])
            && is(end, ';')
        {
            self.tests.push([self.module.as_slice(), &[name.to_string()]].concat().join("/"));
        }
    }

    /// A path where it is used; gives the tokens that it took.
    fn path(&mut self, tokens: &[TokenTree]) -> usize {
        let (mut path, length) = segments(tokens);
        if tokens.get(length).is_some_and(|token| is(token, '!')) {
            path.last_mut().unwrap().push('!');
        }
        self.found.push((tokens[0].span().start().line, path));
        length
    }

    /// A tree of imports, without its `use` and `;`.
    fn imports(&mut self, prefix: &[String], tree: &[TokenTree]) {
        let tree = if tree.len() > 1 && is(&tree[0], ':') { &tree[2..] } else { tree };
        let Some(first) = tree.first() else { return };
        let (path, length) = segments(tree);
        let full = self.absolute(&[prefix, &path].concat());
        match tree.get(length..).unwrap_or_default() {
            [colon, _, TokenTree::Group(group)] if is(colon, ':') => self.branches(&full, &group.stream()),
            [colon, _, star] if is(colon, ':') && is(star, '*') => self.found.push((star.span().start().line, full)),
            rest => {
                if let [TokenTree::Group(group)] = rest {
                    return self.branches(&full, &group.stream());
                }
                let full = if path == ["self"] { prefix.to_vec() } else { full };
                let alias = rest.get(1).map_or_else(|| full.last().unwrap().clone(), ToString::to_string);
                self.imported.insert(alias, full.clone());
                self.found.push((first.span().start().line, full));
            }
        }
    }

    fn branches(&mut self, prefix: &[String], group: &TokenStream) {
        let tokens: Vec<_> = group.clone().into_iter().collect();
        tokens.split(|token| is(token, ',')).for_each(|branch| self.imports(prefix, branch));
    }

    /// Follows `self` and `super` at the beginning; the program calls its own library `echolab`.
    fn absolute(&self, path: &[String]) -> Vec<String> {
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        let own = ["crate".to_owned()].into_iter().chain(self.module.iter().cloned());
        match path.first().map(String::as_str) {
            Some("super") => {
                let depth = (self.module.len() + 1).saturating_sub(supers).max(1);
                own.take(depth).chain(path.iter().skip(supers).cloned()).collect()
            }
            Some("self") if path.len() > 1 => own.chain(path.iter().skip(1).cloned()).collect(),
            Some("echolab") => [&["crate".to_owned()], &path[1..]].concat(),
            _ => path.to_vec(),
        }
    }

    fn names(self) -> Vec<Name> {
        let full = |path: &Vec<String>| {
            let absolute = self.absolute(path);
            match self.imported.get(&absolute[0]) {
                Some(start) => [start, &absolute[1..]].concat().join("::"),
                None => absolute.join("::"),
            }
        };
        self.found.iter().map(|(line, path)| Name { line: *line, path: full(path) }).collect()
    }
}

/// The segments of a path that the tokens begin with, and how many tokens they are.
fn segments(tokens: &[TokenTree]) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut length = 0;
    while let Some(TokenTree::Ident(segment)) = tokens.get(length) {
        path.push(segment.to_string());
        length += 1;
        match &tokens[length..] {
            [one, two, TokenTree::Ident(_), ..] if is(one, ':') && is(two, ':') => length += 2,
            _ => break,
        }
    }
    (path, length)
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_test(attribute: &TokenStream) -> bool {
    let text: String = attribute.clone().into_iter().map(|token| token.to_string()).collect();
    text == "cfg(test)"
}

/// Number of tokens of an item: to its `;` or its body.
fn item_length(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is(other, ';'),
    };
    tokens.iter().position(ends).map_or(tokens.len(), |last| last + 1)
}
