/* What stands over a drawing while its data come, and when they do not. */

/** Fetches JSON for the drawing in `host`; null when it did not arrive, which the page then says with a way to ask again. */
export async function dataFor(host, url, again) {
  const states = host.parentElement.querySelectorAll(".chart-state");
  const show = (name) => {
    for (const state of states) state.hidden = state.dataset.state !== name;
  };
  host.parentElement.querySelector("[data-again]").onclick = () => {
    show("loading");
    again();
  };
  try {
    const answer = await fetch(url);
    show(answer.ok ? null : "failed");
    return answer.ok ? await answer.json() : null;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    show("failed");
    return null;
  }
}
