//! The tree below a supply: to whom the data went on, what those attested, and what is missing.

use crate::ledger::board::onward::Branch;
use crate::ledger::board::onward::Leaf;
use crate::ledger::board::onward::Signer;
use crate::support::sanitize::clean;

/// A line of a tree, and those below it.
struct Node {
    words: String,
    below: Vec<Node>,
}

/// The tree below a supply, a line a statement; each line begins with `indent`. Empty where nobody is declared.
pub(crate) fn tree(branches: &[Branch], indent: &str) -> String {
    let mut text = String::new();
    draw(&mut text, &nodes(branches), indent);
    text
}

fn draw(text: &mut String, nodes: &[Node], indent: &str) {
    for (number, node) in nodes.iter().enumerate() {
        let (corner, further) = if number + 1 == nodes.len() { ("└─", "   ") } else { ("├─", "│  ") };
        text.push_str(&format!("{indent}{corner} {}\n", node.words));
        draw(text, &node.below, &format!("{indent}{further}"));
    }
}

fn nodes(branches: &[Branch]) -> Vec<Node> {
    branches.iter().flat_map(of_branch).collect()
}

/// A line for each attestation of one onward recipient, and for each that is missing.
fn of_branch(branch: &Branch) -> Vec<Node> {
    let name = clean(&branch.recipient);
    let mut nodes: Vec<Node> = (branch.leaves.iter())
        .map(|leaf| Node { words: format!("{name}: {}", statement(leaf)), below: self::nodes(&leaf.branches) })
        .collect();
    let missing = |words: String| Node { words: format!("{name}: missing{words}"), below: Vec::new() };
    nodes.extend(branch.unentered.iter().map(|digest| missing(format!(" (named, SHA-256 {digest}, and not entered)"))));
    if branch.is_dropped {
        nodes.push(missing(" (declared before, and no longer)".to_owned()));
    } else if nodes.is_empty() {
        nodes.push(missing(String::new()));
    }
    nodes
}

/// What an onward recipient states, who signed it, and when it was received.
fn statement(leaf: &Leaf) -> String {
    let signer = match &leaf.signer {
        Signer::Unpinned => "unpinned key".to_owned(),
        Signer::Pinned(name) => format!("key of {}", clean(name)),
        Signer::Out => "key not valid".to_owned(),
    };
    format!("stated {}, {signer}, received {}", leaf.word(), clean(&leaf.received_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::verdict::Verdict;

    fn branch(recipient: &str, leaves: Vec<Leaf>) -> Branch {
        Branch { recipient: recipient.to_owned(), leaves, unentered: Vec::new(), is_dropped: false }
    }

    fn leaf(verdict: Verdict, signer: Signer, branches: Vec<Branch>) -> Leaf {
        let received_at = "2017-07-03T09:00:00Z".to_owned();
        Leaf { attestation: "0a".repeat(32), verdict: Some(verdict), received_at, signer, branches }
    }

    #[test]
    fn a_tree_of_three_levels() {
        let host = branch("Host", vec![leaf(Verdict::Clear, Signer::Unpinned, Vec::new())]);
        let mill = Branch { unentered: vec!["0b".repeat(32)], ..branch("Mill", Vec::new()) };
        let client = leaf(Verdict::Residual, Signer::Pinned("Client Ltd".to_owned()), vec![host, mill]);
        let older = leaf(Verdict::Clear, Signer::Out, Vec::new());
        let gone = Branch { is_dropped: true, ..branch("Gone", Vec::new()) };
        let drawn = tree(&[branch("Cl\u{202e}ient", vec![client, older]), branch("Printer", Vec::new()), gone], "  ");
        let expected = format!(
            "  ├─ Cl\\u{{202e}}ient: stated residual, key of Client Ltd, received 2017-07-03T09:00:00Z\n  \
             │  ├─ Host: stated clear, unpinned key, received 2017-07-03T09:00:00Z\n  \
             │  └─ Mill: missing (named, SHA-256 {}, and not entered)\n  \
             ├─ Cl\\u{{202e}}ient: stated clear, key not valid, received 2017-07-03T09:00:00Z\n  \
             ├─ Printer: missing\n  \
             └─ Gone: missing (declared before, and no longer)\n",
            "0b".repeat(32)
        );
        assert_eq!(drawn, expected);
        assert_eq!(tree(&[], ""), "");
    }
}
