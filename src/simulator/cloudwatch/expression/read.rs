//! Reads metric math.

use super::{Expression, Filling, Fold, Operator, Search};

/// How deep an expression may go.
const DEEPEST: usize = 64;

impl Expression {
    /// Reads an expression; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text, depth: 0 };
        let expression = reader.sum()?;
        reader.space();
        if reader.rest.is_empty() { Ok(expression) } else { Err(format!("Unexpected '{}'", reader.shown())) }
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// What stands next, short enough for a message.
    fn shown(&self) -> String {
        if self.rest.is_empty() { "end of expression".to_owned() } else { self.rest.chars().take(20).collect() }
    }

    fn sign(&mut self, sign: char) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn need(&mut self, sign: char) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(format!("Expected '{sign}' at '{}'", self.shown())) }
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        loop {
            let operator = match () {
                () if self.sign('+') => Operator::Add,
                () if self.sign('-') => Operator::Subtract,
                () => return Ok(left),
            };
            left = Expression::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.unary()?;
        loop {
            let operator = match () {
                () if self.sign('*') => Operator::Multiply,
                () if self.sign('/') => Operator::Divide,
                () => return Ok(left),
            };
            left = Expression::Binary(Box::new(left), operator, Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("The expression is nested too deeply".to_owned());
        }
        let expression = if self.sign('-') { Expression::Negative(Box::new(self.unary()?)) } else { self.atom()? };
        self.depth -= 1;
        Ok(expression)
    }

    fn atom(&mut self) -> Result<Expression, String> {
        if self.sign('(') {
            let inside = self.sum()?;
            self.need(')')?;
            return Ok(inside);
        }
        if self.sign('[') {
            let mut items = vec![self.sum()?];
            while self.sign(',') {
                items.push(self.sum()?);
            }
            self.need(']')?;
            return Ok(Expression::List(items));
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return self.number().map(Expression::Number);
        }
        let word = self.word();
        match word {
            "" => Err(format!("Unexpected '{}'", self.shown())),
            "METRICS" => self.metrics(),
            "SUM" => self.fold(Fold::Sum),
            "AVG" => self.fold(Fold::Average),
            "MIN" => self.fold(Fold::Minimum),
            "MAX" => self.fold(Fold::Maximum),
            "FILL" => self.filled(),
            "SEARCH" => self.search(),
            _ if word.starts_with(|c: char| c.is_ascii_lowercase()) => Ok(Expression::Query(word.to_owned())),
            _ => Err(format!("Unsupported function '{word}'")),
        }
    }

    fn number(&mut self) -> Result<f64, String> {
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        self.rest = rest;
        number.ok_or_else(|| format!("'{digits}' is not a number"))
    }

    fn word(&mut self) -> &'a str {
        self.space();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn fold(&mut self, fold: Fold) -> Result<Expression, String> {
        self.need('(')?;
        let inside = self.sum()?;
        self.need(')')?;
        Ok(Expression::Fold(fold, Box::new(inside)))
    }

    fn metrics(&mut self) -> Result<Expression, String> {
        self.need('(')?;
        self.space();
        let mut containing = None;
        for quote in ['"', '\''] {
            if let Some((text, rest)) = self.rest.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
                containing = Some(text.to_owned());
                self.rest = rest;
            }
        }
        self.need(')')?;
        Ok(Expression::Metrics(containing))
    }

    fn filled(&mut self) -> Result<Expression, String> {
        self.need('(')?;
        let inside = self.sum()?;
        self.need(',')?;
        self.space();
        let filling = if self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            match self.word() {
                "REPEAT" => Filling::Repeat,
                "LINEAR" => Filling::Linear,
                word => return Err(format!("FILL does not know '{word}'")),
            }
        } else {
            let negative = self.sign('-');
            let number = self.number()?;
            Filling::With(if negative { -number } else { number })
        };
        self.need(')')?;
        Ok(Expression::Fill(Box::new(inside), filling))
    }

    /// Reads a text in single or double quotes.
    fn quoted(&mut self) -> Result<&'a str, String> {
        self.space();
        for quote in ['\'', '"'] {
            if let Some((text, rest)) = self.rest.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
                self.rest = rest;
                return Ok(text);
            }
        }
        Err(format!("Expected a text in quotes at '{}'", self.shown()))
    }

    fn search(&mut self) -> Result<Expression, String> {
        self.need('(')?;
        let text = self.quoted()?;
        self.need(',')?;
        let statistic = self.quoted()?;
        let statistic = statistic.parse().map_err(|_| format!("SEARCH does not know the statistic '{statistic}'"))?;
        let period = if self.sign(',') { self.number()? } else { 300.0 };
        self.need(')')?;
        Search::parse(text, statistic, period).map(Expression::Search)
    }
}
