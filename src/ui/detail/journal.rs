//! A record of the journal in full: every member, a line each.

use crate::domain::text::clean;
use crate::journal::reader::Row;
use crate::journal::record::{Act, Kind, Record};
use crate::t;
use crate::ui::words;

use super::Sheet;

/// The longest value, in characters: records hold no longer ones.
const LONGEST: usize = 10_000;

impl Sheet<'_> {
    /// Adds a record, or what is wrong with the line.
    pub(super) fn record(&mut self, row: &Row) {
        let texts = self.ui.texts;
        match &row.record {
            Ok(record) => self.right_record(record, row),
            Err(why) => {
                let why = words::journal::why(texts, why);
                let text = t!(texts, "journal.list.wrong", line = row.line, why = why);
                self.styled(t!(texts, "journal.member.line"), text, self.ui.theme.critical);
            }
        }
    }

    fn right_record(&mut self, record: &Record, row: &Row) {
        let texts = self.ui.texts;
        let result = words::journal::came_of(texts, row, record);
        self.said(t!(texts, "journal.member.seq"), record.seq.to_string());
        self.said(t!(texts, "journal.member.result"), result);
        let at = record.time.to_zoned(self.ui.zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f %Z").to_string();
        self.said(t!(texts, "journal.member.time"), at);
        if record.kind == Kind::Denied {
            self.said(t!(texts, "journal.member.denial"), record.denial.clone().unwrap_or_default());
        }
        if record.error.is_some() {
            let why = words::journal::what_went_wrong(texts, record).unwrap_or_default();
            self.said(t!(texts, "journal.member.error"), why);
        }
        if let Some(act) = &record.act {
            self.act(act);
        }
        self.outcome(record);
        if let Some(torn) = &record.torn {
            self.said(t!(texts, "journal.member.torn"), torn.text.clone());
            self.said(t!(texts, "journal.member.torn-bytes"), torn.bytes.to_string());
            self.said("SHA-256", torn.sha256.clone());
        }
        if record.redacted > 0 {
            self.said(t!(texts, "journal.member.redacted"), record.redacted.to_string());
        }
        self.said(t!(texts, "journal.member.hash"), record.hash.clone());
        self.said(t!(texts, "journal.member.prev"), record.prev.clone());
    }

    fn act(&mut self, act: &Act) {
        let texts = self.ui.texts;
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
        self.said(t!(texts, "journal.member.actor"), act.actor.user.clone());
        self.said("ARN", act.actor.arn.clone());
        self.said(t!(texts, "journal.member.role"), act.role.clone());
        self.said(t!(texts, "journal.member.host"), act.host.clone());
        self.said(t!(texts, "journal.about.environment"), act.environment.clone());
        let region = or_nothing(&act.region);
        self.said(t!(texts, "journal.about.account"), format!("{} {region}", act.account).trim());
        self.said(t!(texts, "journal.about.entry"), act.entry.clone());
        self.said(t!(texts, "journal.member.operation"), or_nothing(&act.operation));
        self.said(t!(texts, "journal.about.target"), or_nothing(&act.target));
        self.said(t!(texts, "journal.member.target-arn"), or_nothing(&act.target_arn));
        self.said(t!(texts, "journal.about.reason"), or_nothing(&act.reason));
        self.said(t!(texts, "journal.member.ticket"), or_nothing(&act.ticket));
        self.said(t!(texts, "journal.member.run"), or_nothing(&act.run));
        self.said(t!(texts, "journal.member.step"), or_nothing(&act.step));
        for (name, value) in &act.parameters {
            self.said(t!(texts, "journal.member.parameter"), format!("{name}={value}"));
        }
        self.said(t!(texts, "journal.member.catalogue"), act.catalogue.clone());
    }

    fn outcome(&mut self, record: &Record) {
        let texts = self.ui.texts;
        if let Some(intent) = record.intent {
            self.said(t!(texts, "journal.member.intent"), format!("#{intent}"));
        }
        if let Some(duration) = record.duration_ms {
            self.said(t!(texts, "journal.member.duration"), format!("{}.{:03} s", duration / 1_000, duration % 1_000));
        }
        let ids = if record.session_ids.is_empty() {
            record.session_id.clone().into_iter().collect()
        } else {
            record.session_ids.clone()
        };
        for id in ids {
            self.said(t!(texts, "journal.about.session"), id);
        }
        self.said(t!(texts, "journal.member.execution"), record.execution_id.clone().unwrap_or_default());
        self.said(t!(texts, "journal.member.request"), record.request_id.clone().unwrap_or_default());
        self.said(t!(texts, "journal.member.recording"), record.recording_sha256.clone().unwrap_or_default());
        if let Some(process) = &record.process {
            self.said(t!(texts, "journal.member.process"), format!("{} {}", process.pid, process.id));
        }
    }

    /// Adds a member; what does not apply is left out. A journal that somebody else wrote may hold anything.
    fn said(&mut self, name: &'static str, value: impl AsRef<str>) {
        self.fact(name, clean(value.as_ref(), LONGEST));
    }
}
