//! Reads the few things in Markdown that the tests look at.

/// Lists the blocks of code in a language, without their fences.
pub fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("\n```{language}\n");
    let parts = text.split(fence.as_str()).skip(1);
    parts.filter_map(|part| part.split("\n```").next()).collect()
}

/// Goes through the lines that are in no block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_block = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    })
}

/// Lists the targets of links and pictures, those in code left out.
pub fn links(text: &str) -> Vec<String> {
    prose(text)
        .flat_map(|line| {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            let sources = line.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
            targets.chain(sources).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// Lists what stands in backticks, blocks of code left out.
pub fn code(text: &str) -> Vec<String> {
    prose(text).flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
}

/// Reads the rows of the tables in a text: the cells of each, the title first.
pub fn tables(text: &str) -> Vec<Vec<Vec<String>>> {
    let mut tables = Vec::new();
    let mut table: Vec<Vec<String>> = Vec::new();
    for line in text.lines().chain([""]) {
        if let Some(row) = line.strip_prefix('|').and_then(|rest| rest.strip_suffix('|')) {
            let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
            if !cells.iter().all(|cell| cell.chars().all(|c| c == '-')) {
                table.push(cells);
            }
        } else if !table.is_empty() {
            tables.push(std::mem::take(&mut table));
        }
    }
    tables
}
