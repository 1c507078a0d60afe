"""Published ratings and their published results, for the statistics of labeling."""

import numpy as np

from apps.feedback.compute.ratings import Rating, RatingTable

# Two abstractors, 100 records: Gwet's irrCAC, data set cont3x3abstractors, with the coefficients
# and standard errors that its vignette prints.
ABSTRACTORS = ((13, 0, 0), (0, 20, 7), (0, 4, 56))
ABSTRACTORS_PRINTED = {
    "raw_agreement": (0.89, 0.03128898),
    "cohen_kappa": (0.7964094, 0.05891072),
    "scott_pi": (0.7962397, 0.05905473),
    "gwet_ac1": (0.8493305, 0.04321747),
    "brennan_prediger": (0.835, 0.04693346),
    "krippendorff_alpha_nominal": (0.7972585, None),
}

# SAS's example of PROC FREQ as printed in statsmodels' own tests: kappa, standard error, interval
SAS = ((0, 4, 1), (0, 8, 0), (0, 1, 5))
SAS_PRINTED = {
    None: (0.4842, 0.1380, 0.2137, 0.7547),
    "linear": (0.4701, 0.1457, 0.1845, 0.7558),
}

# Fleiss 1971, table 1: 30 patients, 6 psychiatrists, 5 diagnoses (the diagnoses of each patient)
FLEISS_1971 = """444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444
222333 144444 224445 333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224
111155 224444 133333 555555"""

# Worked example of 10 subjects, 14 raters, 5 categories (Wikipedia, Fleiss' kappa): the counts
TEN_BY_FOURTEEN = """0 0 0 0 14  0 2 6 4 2  0 0 3 5 6  0 3 9 2 0  2 2 8 1 1
7 7 0 0 0  3 2 6 3 0  2 5 3 2 2  6 5 2 1 0  0 2 2 3 7"""

# Krippendorff 2011, section C: four observers, 12 units, values 1 to 5, missing ones as dots
KRIPPENDORFF_2011 = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
# Three coders, 15 units
THREE_CODERS = (".....34121133.3", "1.213343.......", "..21344.21133.4")

# Dawid & Skene 1979, table 1: 45 patients; the first anaesthetist rated three times, four others
# once (111 1 1 1 1 is written 1111111)
ANAESTHETISTS = """1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223
4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221
2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222
2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222"""


def table_of(cross, *, patients=None):
    """From a cross table of two readers to one case for every count."""
    pairs = [
        (str(row), str(column))
        for row, counts in enumerate(cross)
        for column, count in enumerate(counts)
        for _ in range(count)
    ]
    return table_of_labels(pairs, [str(k) for k in range(len(cross))], patients=patients)


def table_of_labels(labels, categories, *, patients=None):
    """From the labels of each case, None where a reader gave none, to a table."""
    return RatingTable.of(
        [
            Rating(
                f"case {place:04}",
                patients[place] if patients else f"p{place}",
                f"r{reader}",
                label,
            )
            for place, given in enumerate(labels)
            for reader, label in enumerate(given)
            if label is not None
        ],
        categories,
    )


def fleiss_1971():
    return table_of_labels(FLEISS_1971.split(), "12345")


def ten_by_fourteen():
    counts = np.array(TEN_BY_FOURTEEN.split(), int).reshape(10, 5)
    labels = [[k for k, n in zip("abcde", row, strict=True) for _ in range(n)] for row in counts]
    return table_of_labels(labels, "abcde")


def values_of(rows):
    """Readers' rows of digits to float (units, readers), NaN for a dot."""
    return np.array([[np.nan if sign == "." else float(sign) for sign in row] for row in rows]).T
