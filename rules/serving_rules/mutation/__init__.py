"""Do the tests bite? Each rule of the pack is broken in every small way, one at a time, and its tests must notice.

The mutation score is the share of mutants that they notice, out of those that mean something else than the rule. A survivor is either a
test that is missing, or equivalent; those are listed with a reason in ``rules/mutation-equivalents.yaml``.

    mutant        what a mutant is and how it is named
    expressions   mistakes in PromQL
    rules         all mistakes of a rule
    stages        the tests, cheap ones first
    trial         runs them against the tests
    equivalents   the list of those that mean the same
    ledger        what the last run of each rule found, and so which rules are new
    report        the score, and who lived
"""
