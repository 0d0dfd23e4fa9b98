"""Words of the built-in strategies' parameters and help, for translators: pages look them up by the English text."""

from typing import Final

from django.utils.translation import gettext_noop as _

TEXTS: Final = (
    _(
        "Regresses the log price of market 1 on that of market 2 over a rolling window and trades the way "
        "back of the residual, measured in standard deviations. Both legs have the same value, whatever the "
        "hedge ratio."
    ),
    _("Hedge ratio by"),
    _("OLS: least squares over the window."),
    _("Window"),
    _("bars"),
    _("Bars of the regression, or the filter's memory."),
    _("Entry"),
    _("Distance that opens."),
    _("Adds every"),
    _("Further distance of each later order; 0: never."),
    _("Exit"),
    _("Distance at which it closes; below 0: beyond the mean."),
    _("Regime stop"),
    _("Distance that says the pair broke; 0: none."),
    _(
        "Compares what both markets' funding paid over the last days, by the year. Opens where they differ "
        "much: short the market whose longs pay more, long the other. Without recorded funding it does "
        "nothing."
    ),
    _("Over the last"),
    _("days"),
    _("Of payments."),
    _("Opens from"),
    _("% a year"),
    _("Closes below"),
    _("What it still brings."),
    _("Stop"),
    _("pp"),
    _("Spread against it since the opening; 0: none."),
    _("Buys below the lower band, sells above the upper one, closes at the moving average."),
    _("Of mean and deviation."),
    _("Width"),
    _("Of the bands: opens outside."),
    _("Distance from the middle at which it closes."),
    _("Distance that stops; 0: none."),
    _("Buys when the index falls to the lower bound, sells when it rises to the upper one, closes in the middle."),
    _("Buys at"),
    _("And below."),
    _("Sells at"),
    _("And above."),
    _("Closes at"),
    _("A long from below, a short from above."),
    _("Long after the fast average crossed above the slow one, short after it crossed below, until it crosses."),
    _("Average"),
    _("simple"),
    _("exponential"),
    _("Fast window"),
    _("Slow window"),
    _("Nothing opens unless it is the longer one."),
    _("Opens within"),
    _("Of the cross; later ones are left alone."),
    _("Follows a close beyond the channel of the last bars, leaves on a close beyond a shorter channel against it."),
    _("Entry channel"),
    _("Exit channel"),
    _(
        "Lines at equal distances from the moving average: below it every line buys, above it every line "
        "sells. The position is closed as a whole, as many lines from the average as `exit` says."
    ),
    _("Average over"),
    _("Between lines"),
    _("lines"),
    _("Distance from the average; 0: at it."),
    _("Stops at"),
    _("Distance from the average; 0: no stop."),
    _(
        "Opens at once, adds when the price has gone against the last order by a step or so many hours have "
        "passed; closes when the whole position has earned the take profit."
    ),
    _("Side"),
    _("long"),
    _("short"),
    _("Adds after"),
    _("Against it since the last order; 0: never."),
    _("Each step times"),
    _("1.5: 2 %, then 3 %, then 4.5 %."),
    _("h"),
    _("By the clock, whatever the price; 0: never."),
    _("Size of orders"),
    _("Capital of the bot"),
    _("What its closed cycles bring is added to it."),
    _("Each order"),
    _("Of what the bot has."),
    _("Moves a day"),
    _("One order's value, of what the bot has."),
    _("Volatility over"),
    _("Of Kelly's fraction"),
    _("Kelly after"),
    _("cycles"),
    _("Before: the share."),
    _("Largest order"),
)
