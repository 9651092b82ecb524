//! What people do in Chatwoot: the desk is told, and its tickets follow.

use super::client::CallError;
use super::job::{Failure, Job};
use super::office::Office;
use super::payload::{Status, What};
use crate::desk::{Assignment, DeskError, Speech};
use crate::incoming::{HandledBy, Role};
use crate::ticket::{Ticket, TicketState};

/// Who closes a ticket where Chatwoot does not tell.
const SOMEBODY: &str = "chatwoot";

impl Office {
    /// Tells the desk. What the conversation is left as, if that is told.
    pub(super) async fn follow(&self, job: &mut Job) -> Result<Option<Status>, Failure> {
        let (id, status) = (job.letter.conversation_id.clone(), job.told.status);
        if self.is_bots_by_now(job).await? {
            job.told.status = Status::Pending;
            let reply = self.decide(job).await?;
            return self.act(job, &reply, false).await.map(Some);
        }
        match job.told.what.clone() {
            What::Customer(written) => {
                // Nothing is said: a person has the conversation.
                self.ask(job, &written, None, HandledBy::Person).await?;
                Ok(Some(status))
            }
            What::Agent { message, agent, text } => {
                self.hear(&id, message, &name(agent), text).await?;
                Ok(Some(status))
            }
            What::Moved { assignee, .. } => match status {
                Status::Resolved => self.resolve(job, assignee).await.map(Some),
                Status::Pending => self.give_back(job).await.map(Some),
                Status::Open | Status::Snoozed => {
                    if let Some(agent) = assignee {
                        self.claim(&id, &name(agent)).await?;
                    }
                    Ok(Some(status))
                }
            },
        }
    }

    /// A person wrote to the customer: whoever answers has the ticket.
    async fn hear(&self, id: &str, message: String, agent: &str, text: String) -> Result<(), Failure> {
        let speech = Speech {
            message_id: Some(message),
            role: Role::Agent,
            agent: Some(agent.to_owned()),
            text,
            is_delivered: true,
        };
        passed_over(self.desk.say(id, speech).await)?;
        self.claim(id, agent).await
    }

    async fn claim(&self, id: &str, agent: &str) -> Result<(), Failure> {
        match self.open_ticket(id).await? {
            Some(ticket) if ticket.state == TicketState::Queued => {
                passed_over(self.desk.claim(&ticket.id, agent).await.map(drop))
            }
            _ => Ok(()),
        }
    }

    /// A person is done with the conversation, unless somebody has opened it again meanwhile.
    async fn resolve(&self, job: &Job, assignee: Option<u64>) -> Result<Status, Failure> {
        let id = &job.letter.conversation_id;
        let now = match self.client.show(job.place()).await {
            Ok(standing) => standing.status,
            Err(CallError::Gone { .. }) => Status::Resolved,
            Err(error) => return Err(error.into()),
        };
        if matches!(now, Status::Open | Status::Snoozed) {
            return Ok(now);
        }
        if let Some(ticket) = self.open_ticket(id).await? {
            let agent = ticket.claimed_by.clone().or(assignee.map(name)).unwrap_or_else(|| SOMEBODY.to_owned());
            passed_over(self.desk.assign(id, &Assignment::Agent(agent.clone())).await.map(drop))?;
            passed_over(self.desk.resolve(&ticket.id, &agent, None).await.map(drop))?;
        }
        if now == Status::Resolved {
            passed_over(self.desk.close(id).await)?;
        }
        Ok(now)
    }

    /// A person gave the conversation to the bot. Before people had it there is nothing to give back: a hand-off may be under way.
    async fn give_back(&self, job: &Job) -> Result<Status, Failure> {
        let id = &job.letter.conversation_id;
        if !self.was_with_people(id).await? {
            return Ok(Status::Pending);
        }
        let now = self.client.show(job.place()).await?.status;
        if now == Status::Pending {
            self.return_to_bot(id).await?;
        }
        Ok(now)
    }

    async fn open_ticket(&self, id: &str) -> Result<Option<Ticket>, Failure> {
        Ok(self.record(id).await?.and_then(|record| record.ticket))
    }
}

/// An agent's id here.
fn name(agent: u64) -> String {
    format!("chatwoot-{agent}")
}

/// Conversations that are not known here, and steps that somebody else has done, are none of Chatwoot's business.
fn passed_over(done: Result<(), DeskError>) -> Result<(), Failure> {
    match done {
        Ok(()) | Err(DeskError::Unknown { .. } | DeskError::NoStore | DeskError::Step(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
