//! The transfer queue: files between this computer and hosts.

use bowline_core::transfer::job::{ConflictAnswer, JobId, JobLimits, JobOrder, JobRequest, JobsView};

super::engine_commands! {
    jobs() -> JobsView;
    /// Takes a transfer on, which then survives a crash; its number.
    job_add(request: JobRequest) -> JobId;
    job_order(id: JobId, order: JobOrder) -> ();
    /// Says what happens to a file that is in the way.
    job_answer(id: JobId, answer: ConflictAnswer) -> ();
    job_limits() -> JobLimits;
    job_limits_set(limits: JobLimits) -> ();
}
