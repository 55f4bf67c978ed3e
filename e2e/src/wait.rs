//! Waiting for a state by asking for it again and again, never for a time that is hoped to be enough.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

/// How long a page may take to become ready: minutes on a busy machine that emulates the graphics, seconds elsewhere.
pub const READY: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(20);

/// Calls `probe` until it returns a value, and returns that; an error of the probe counts as "not yet".
///
/// # Errors
///
/// When `timeout` has passed; the message names `what` was waited for, and the probe's last error.
pub async fn wait_for<T>(
    what: &str,
    timeout: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let result = probe().await;
        match result {
            Ok(Some(value)) => return Ok(value),
            Ok(None) if start.elapsed() >= timeout => bail!("waited {timeout:?} in vain for {what}"),
            Err(error) if start.elapsed() >= timeout => {
                return Err(anyhow!("waited {timeout:?} in vain for {what}; the last answer was: {error:#}"));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn value_is_returned_when_it_appears() -> Result<()> {
        let mut calls = 0;
        let value = wait_for("the third call", READY, async || {
            calls += 1;
            if calls == 1 { bail!("an error is no end") } else { Ok((calls == 3).then_some(calls)) }
        })
        .await?;
        assert_eq!(value, 3);
        Ok(())
    }

    #[tokio::test]
    async fn timeout_names_what_was_waited_for() {
        let result = wait_for("rain", Duration::ZERO, async || Ok(None::<()>)).await;
        assert!(result.is_err_and(|error| error.to_string().ends_with("in vain for rain")));
    }
}
