"""Measures fixtures/reference.json a second time: slowly, in fractions, from the definitions alone.

    python3 reference.py fixtures/reference.json > fixtures/reference.expected.json

The Rust test compares with the kept output; it does not run this.
"""

import json
import sys
from fractions import Fraction


def mean(values):
    values = list(values)
    return sum(values, Fraction(0)) / len(values)


def recovered(rows, quality):
    weak, strong = mean(row["scores"][0] for row in rows), mean(row["scores"][-1] for row in rows)
    return (quality - weak) / (strong - weak)


def area(points):
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(points, points[1:]))


def pair_points(rows, gains):
    """(share sent to strong, quality recovered), one point for each distinct gain."""
    points = [(Fraction(0), Fraction(0))]
    for least in sorted(set(gains), reverse=True):
        sent = [gain >= least for gain in gains]
        quality = mean(row["scores"][strong] for row, strong in zip(rows, sent))
        points.append((mean(map(Fraction, sent)), recovered(rows, quality)))
    return points


def smallest_share(points, needed):
    for (x, y), (next_x, next_y) in zip(points, points[1:]):
        if next_y >= needed:
            return x if y >= needed else x + (needed - y) / (next_y - y) * (next_x - x)
    raise ValueError("never reached")


def pair(rows):
    def figures(gains):
        points = pair_points(rows, gains)
        cpt = {f"cpt{goal}": 100 * smallest_share(points, Fraction(goal, 100)) for goal in (50, 80)}
        return {"apgr": area(points), **cpt}

    return {
        **figures([row["forecast"][1] - row["forecast"][0] for row in rows]),
        "prompt_length": figures([row["characters"] for row in rows]),
        "oracle": figures([row["scores"][1] - row["scores"][0] for row in rows]),
    }


def place(rows, prices, tiers):
    """(cost share of always-premium, mean score)"""
    quality = mean(row["scores"][tier] for row, tier in zip(rows, tiers))
    return mean(prices[tier] for tier in tiers) / prices[-1], quality


def margin_points(rows, prices, needed):
    margins = {margin for row in needed for margin in row}
    points = [place(rows, prices, [2] * len(rows))]
    for margin in sorted(margins):
        tiers = [next((t for t in (0, 1) if row[t] <= margin), 2) for row in needed]
        points.append(place(rows, prices, tiers))
    return points


def oracle_points(rows, prices):
    def best(row, value):
        return max(range(3), key=lambda tier: (row["scores"][tier] - value * prices[tier], -prices[tier]))

    def slopes(row):
        for a, b in ((0, 1), (0, 2), (1, 2)):
            yield (row["scores"][b] - row["scores"][a]) / (prices[b] - prices[a])

    values = sorted({slope for row in rows for slope in slopes(row)})
    beyond = [values[0] - 1, values[-1] + 1]
    points = [place(rows, prices, [best(row, value) for row in rows]) for value in values + beyond]
    return points + [place(rows, prices, [tier] * len(rows)) for tier in (0, 2)]


def hull_area(rows, prices, points):
    points = [(cost, recovered(rows, quality)) for cost, quality in points]

    def height(x):
        between = [y for at, y in points if at == x]
        for a in points:
            for b in points:
                if a[0] < x < b[0]:
                    between.append(a[1] + (x - a[0]) / (b[0] - a[0]) * (b[1] - a[1]))
        return max(between)

    costs = sorted({cost for cost, _ in points})
    return area([(cost, height(cost)) for cost in costs]) / (1 - prices[0] / prices[-1])


def triple(rows, prices):
    premium = mean(row["scores"][2] for row in rows)

    def figures(points):
        def cheapest(goal):
            return min(cost for cost, quality in points if quality >= Fraction(goal) * premium)

        costs = {goal: cheapest(goal) for goal in ("0.95", "0.98", "0.99")}
        return {"apgr": hull_area(rows, prices, points), "cost_at_quality": costs}

    def losses(row):
        return [row["forecast"][2] - row["forecast"][tier] for tier in (0, 1)]

    lengths = [[2 * row["characters"], row["characters"]] for row in rows]
    return {
        **figures(margin_points(rows, prices, [losses(row) for row in rows])),
        "prompt_length": figures(margin_points(rows, prices, lengths)),
        "oracle": {"apgr": hull_area(rows, prices, oracle_points(rows, prices))},
    }


def calibration(rows, tier):
    forecasts, scores = ([row[key][tier] for row in rows] for key in ("forecast", "scores"))
    bins = {}
    for forecast, score in zip(forecasts, scores):
        bins.setdefault(min(int(forecast * 15), 14), []).append((forecast, score))
    ece = sum(
        Fraction(len(held), len(rows)) * abs(mean(f for f, _ in held) - mean(s for _, s in held))
        for held in bins.values()
    )
    base = mean(scores)
    return {
        "ece": ece,
        "brier": mean((f - s) ** 2 for f, s in zip(forecasts, scores)),
        "brier_base": mean((base - s) ** 2 for s in scores),
    }


def main():
    with open(sys.argv[1]) as file:
        cases = json.load(file, parse_float=Fraction, parse_int=Fraction)
    figures = {
        "pair": pair(cases["pair"]["rows"]),
        "triple": triple(cases["triple"]["rows"], cases["triple"]["prices"]),
    }
    for name, tiers in (("pair", ("weak", "strong")), ("triple", ("budget", "balanced", "premium"))):
        for tier, tier_name in enumerate(tiers):
            for key, value in calibration(cases[name]["rows"], tier).items():
                figures[name].setdefault(key, {})[tier_name] = value
    print(json.dumps(figures, indent=1, default=float))


main()
