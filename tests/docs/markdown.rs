//! Reads the few things in Markdown that the tests look at.

/// Lists the blocks of code in a language, without their fences.
pub fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("\n```{language}\n");
    let parts = text.split(fence.as_str()).skip(1);
    parts.filter_map(|part| part.split("\n```").next()).collect()
}

/// Lists the targets of links and pictures, those in code left out.
pub fn links(text: &str) -> Vec<String> {
    let mut in_code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    lines
        .flat_map(|line| {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            let sources = line.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
            targets.chain(sources).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
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
