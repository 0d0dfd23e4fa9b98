"""The help page: chapters of terms with what each means to a trader."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Term = tuple[str | Promise, str | Promise]

CHAPTERS: Final[list[tuple[str, str | Promise, list[Term]]]] = [
    (
        "pair",
        _("The pair"),
        [
            (
                _("Market 1, market 2"),
                _(
                    "The two perpetual swaps that a bot trades against each other, such as GALA/USDT and CHZ/USDT. One"
                    " is always bought while the other is sold, for the same amount of money."
                ),
            ),
            (
                _("Start time, start price"),
                _(
                    "The moment from which both changes are counted. At the start time both markets stand at 0 %. The"
                    " start prices are fetched once and kept with the bot."
                ),
            ),
            (
                _("Spread"),
                _(
                    "The change of market 1 since the start less the change of market 2, in percentage points. If"
                    " GALA rose 18.40 % and CHZ 12.48 %, the spread is +5.92 pp."
                ),
            ),
            (
                _("Percentage point, pp"),
                _("The difference of two percentages. From 2 % to 5 % is 3 pp, not 3 %."),
            ),
            (
                _("Long or short the spread"),
                _(
                    "Long: market 1 is bought and market 2 is sold; the position earns when the spread rises. Short:"
                    " market 1 is sold and market 2 is bought; it earns when the spread falls."
                ),
            ),
            (
                _("Reference"),
                _(
                    "The spread at the bot's last trade, 0 before the first. A bot without a position waits for the"
                    " spread to move away from there, not from the start time."
                ),
            ),
        ],
    ),
    (
        "ladder",
        _("The ladder"),
        [
            (
                _("Level"),
                _(
                    "Each order of a cycle is a level; the opening order is level 1. 4/6 means that four of six are"
                    " filled."
                ),
            ),
            (
                _("Step"),
                _(
                    "How far the spread has to move against the position since the last trade before the next level"
                    " is added. After a trade at 3 pp, with a step of 1 pp, a short position is added to at 4 pp."
                ),
            ),
            (
                _("Multiplier"),
                _(
                    "How much larger an order is than the first one. With 100 USDT per order, a multiplier of 1.5"
                    " means 150 USDT on each leg."
                ),
            ),
            (
                _("Investment per order"),
                _("Face value of the opening order on each leg. The margin it needs is this divided by the leverage."),
            ),
            (
                _("Maximum position"),
                _(
                    "The most that both legs together may be worth. A level that would exceed it stays closed; the"
                    " form says which one."
                ),
            ),
            (
                _("Leverage, margin"),
                _(
                    "At 10× a position of 1,000 USDT needs about 100 USDT of margin. Leverage changes what is set"
                    " aside and where the exchange liquidates, not what a move earns."
                ),
            ),
            (
                _("Cross, isolated"),
                _(
                    "Cross: the whole balance of the account backs the position. Isolated: only the margin that was"
                    " set aside for it."
                ),
            ),
        ],
    ),
    (
        "decisions",
        _("What a bot decides"),
        [
            (
                _("Reversion"),
                _(
                    "Opens against the move: sells the market that rose more and buys the other, expecting the gap to"
                    " close."
                ),
            ),
            (
                _("Momentum"),
                _(
                    "Opens with the move: buys the market that rose more and sells the other, expecting the gap to"
                    " grow."
                ),
            ),
            (
                _("Take profit by position"),
                _("Closes when the P&L, in percent of what one leg has invested, reaches the take profit."),
            ),
            (
                _("Take profit by regression"),
                _(
                    "Closes when the spread has come back by the take profit, in percentage points, from where the"
                    " cycle was opened. A spread that moved further away never fires it."
                ),
            ),
            (
                _("Stop loss"),
                _(
                    "Closes both legs when the loss, in percent of what one leg has invested, reaches it. 0 turns it"
                    " off. A stop loss always pauses the bot unless it is told to go on."
                ),
            ),
            (
                _("Pause after a close"),
                _(
                    "On: the bot pauses after each cycle. Off: it waits for the next opening, measured from the"
                    " spread at which it closed."
                ),
            ),
            (
                _("Every quote, or the close of a candle"),
                _(
                    "A bot may decide on each fresh quote, or only when a candle closes, which is what a back-test"
                    " does."
                ),
            ),
            (
                _("Cycle"),
                _("From the opening order to the close of both legs. The first cycle of a bot is number 1."),
            ),
        ],
    ),
    (
        "money",
        _("Profit and loss"),
        [
            (
                _("Net P&L now"),
                _(
                    "What closing both legs now would bring: each leg at the price at which it could be closed, less"
                    " fees paid and fees to come, with funding."
                ),
            ),
            (
                _("Gross P&L"),
                _("The same at the middle of the book, without fees and funding."),
            ),
            (
                _("Realised"),
                _("Money that has come or gone for good: the sum of fills, fees and funding. Never an estimate."),
            ),
            (
                _("Funding"),
                _(
                    "What perpetual swaps pay between longs and shorts every few hours. Received counts as profit,"
                    " paid as loss."
                ),
            ),
            (
                _("Exposure"),
                _(
                    "What the open legs are worth. Gross adds both legs; net subtracts the short from the long and is"
                    " near zero while the legs are equal."
                ),
            ),
            (
                _("Break-even"),
                _("The spread at which closing would cost nothing, all fees included."),
            ),
        ],
    ),
    (
        "safety",
        _("Safety"),
        [
            (
                _("Running, paused, stopped, failing"),
                _(
                    "Running: decides everything. Paused and failing: opens and adds nothing, stop loss and take"
                    " profit stay armed. Stopped: does nothing, an open position is yours to look after."
                ),
            ),
            (
                _("Naked leg"),
                _(
                    "For a moment one leg may be filled and the other not. The bot completes the missing leg, or"
                    " closes the filled one, as you chose. How long it took is recorded for each trade."
                ),
            ),
            (
                _("Market order"),
                _(
                    "Sent with a limit at the best price plus the maximum slippage, and cancelled for what does not"
                    " fill at once. A close widens the limit step by step."
                ),
            ),
            (
                _("Limit order"),
                _(
                    "Rests at the best price for up to 30 seconds. What is not filled by then follows the rule for a"
                    " naked leg."
                ),
            ),
            (
                _("Old quotes"),
                _(
                    "A bot opens, adds and takes profit only on fresh quotes of both markets. The stop loss and a"
                    " close by hand go on regardless."
                ),
            ),
            (
                _("Paper and live"),
                _(
                    "Paper trades play money on recorded or simulated markets with the same rules and the same"
                    " program. Paper is striped everywhere, live is solid, and paper is in no total of live money."
                ),
            ),
            (
                _("Guardian"),
                _(
                    "A process of its own that looks after bots with a position when the usual one misses two"
                    " looks in a row. It only closes, finishes what was begun and grants wishes; it opens and adds"
                    " nothing."
                ),
            ),
            (
                _("Protective stop"),
                _(
                    "A stop order of each leg that rests at the exchange itself and only reduces the position. It"
                    " fires even while this program is away; the other leg is closed as soon as the program sees"
                    " it."
                ),
            ),
            (
                _("Kill switch"),
                _(
                    "Stops trading at once for a bot, an account, all that is yours or, by an administrator,"
                    " everybody. “Closing only” blocks opening and adding; “Halted” also holds the bots’ own"
                    " closes back and lets only those out that a person asks for. On request it closes every"
                    " position at the market."
                ),
            ),
            (
                _("Reconciliation"),
                _(
                    "The books of this program held against what the exchange says: orders, fills, positions,"
                    " balance. Late fills and funding are booked by themselves; any other difference is listed,"
                    " and its bot opens and adds nothing until it is settled."
                ),
            ),
            (
                _("Risk limits"),
                _(
                    "The most that may be open, ordered or lost, for a bot, an account or everything that is"
                    " yours. Each order that opens or adds is held against all of them before it is sent, the"
                    " tightest counts. Closing is never blocked."
                ),
            ),
            (
                _("Second factor"),
                _(
                    "A code of an app on your phone, asked for besides the password when you log in and again"
                    " where money or keys are at stake: starting live, changing keys and limits."
                ),
            ),
        ],
    ),
    (
        "statistics",
        _("Statistics of a pair"),
        [
            (
                _("Correlation"),
                _(
                    "How much the returns of two markets move together: 1 always in step, 0 not at all, −1 always"
                    " against each other. High correlation alone does not close gaps."
                ),
            ),
            (
                _("Cointegration"),
                _(
                    "Two markets whose gap keeps returning to its mean although both wander. The test answers"
                    " with a p-value: the chance to see such a gap between markets that do not belong together."
                    " Below 0.05 is usual."
                ),
            ),
            (
                _("Half-life"),
                _(
                    "How long the gap takes, on average, to lose half of its distance from the mean. Shorter"
                    " means more cycles; longer than the time you would hold means that waiting costs."
                ),
            ),
            (
                _("Hedge ratio"),
                _(
                    "How much of market 2 offsets a move of market 1. A bot trades both legs for the same money,"
                    " so a ratio far from 1 leaves a part of the move unhedged."
                ),
            ),
            (
                _("Z-score"),
                _(
                    "How many standard deviations the gap stands away from its mean. Beyond 2 it is wide, by 0 it"
                    " is back at its mean. A bot waits for percentage points instead: a z-score forgets how large"
                    " the gap is."
                ),
            ),
        ],
    ),
    (
        "backtests",
        _("Back-tests"),
        [
            (
                _("Back-test"),
                _(
                    "The rules of a bot, run over recorded candles with the very program that trades. It tells what"
                    " would have been traded then, not what will come."
                ),
            ),
            (
                _("Fill at the next open"),
                _(
                    "A candle's close decides, the next candle's opening price fills, worse by the slippage. Filling at"
                    " the same close is for comparison with other tools: nobody can trade at a price that is known"
                    " only afterwards."
                ),
            ),
            (
                _("Slippage, basis point"),
                _(
                    "How much worse than the candle's price an order fills. One basis point, bp, is a hundredth of a"
                    " percent."
                ),
            ),
            (
                _("Equity"),
                _(
                    "What was realised plus what is open, at every candle's close, beginning with 0. Percentages"
                    " relate to the capital: the largest position that ladder and maximum allow, both legs."
                ),
            ),
            (
                _("Max drawdown, time under water"),
                _("The deepest fall of the equity from a peak, and for how long it stood below an earlier peak."),
            ),
            (
                _("Sharpe, Sortino, Calmar"),
                _(
                    "Return for the risk taken, over a year. Sharpe divides by how much daily returns vary, Sortino"
                    " only by the losing days, Calmar by the max drawdown. Larger is better; a very large one from"
                    " few cycles says little."
                ),
            ),
            (
                _("Profit factor, win rate"),
                _(
                    "What winning cycles earned for each unit that losing ones cost, and how many of all cycles won."
                    " A ladder that adds wins often and loses seldom but much: look at the worst cycle, too."
                ),
            ),
            (
                _("Expectancy, SQN"),
                _(
                    "The average result of a cycle, and how far it stands out of the scatter: the system quality"
                    " number. Below 2 the profit may well be luck."
                ),
            ),
            (
                _("Gaps, outages"),
                _(
                    "Candles that are missing are left out and never invented. Candles without a trade mean that the"
                    " exchange was probably down; they are kept and counted."
                ),
            ),
            (
                _("Funding known"),
                _(
                    "For how much of the time in position recorded funding rates exist. Where none are known funding"
                    " counts as 0, which may flatter the result or spoil it."
                ),
            ),
        ],
    ),
]
