"""Bugs to plant in losses, statistics, optimisers and the trainer, and the tests that must fail."""

from __future__ import annotations

STATS = "tests/test_stats.py"
OPTIM = "tests/test_optim.py"
TRAIN = "tests/test_train.py"
LOGISTIC = "tests/baselines/test_logistic.py"
SQUARES = "tests/baselines/test_least_squares.py"
WASSERSTEIN = "tests/baselines/test_wasserstein.py"
ENERGY = "tests/baselines/test_energy.py"
RELATIVE = "tests/baselines/test_relativistic.py"
BETTER = "tests/baselines/test_improved.py"
F_GAN = "tests/baselines/test_f_gan.py"
INVERSE = "tests/baselines/test_inverse.py"
LIKELIHOOD = "tests/baselines/test_likelihood.py"
CLASSES = "tests/baselines/test_conditional.py"
SEVERAL = "tests/baselines/test_several_generators.py"

# Games take a second each: where a file plays several, the test is named.
K_STEPS = f"{TRAIN}::test_each_of_k_critic_steps_is_played_and_counted"
STARTS = f"{TRAIN}::test_seeds_differ_in_their_first_weights_in_their_data_and_in_their_noise"
CLIPPED = f"{WASSERSTEIN}::test_every_critic_weight_is_clipped_after_every_step_and_no_other"
BIASED = f"{WASSERSTEIN}::test_gmmn_is_the_root_of_the_biased_discrepancy"
CODES = f"{WASSERSTEIN}::test_mmd_gan_matches_codes_and_reconstructs"

PLANTED_CODE: tuple[tuple[str, str, str, str], ...] = (
    # statistics
    ("stats.py", "std(ddof=1))", "std(ddof=0))", STATS),
    ("stats.py", "* sd / sqrt(n), n)", "* sd / n, n)", STATS),
    ("stats.py", "* sd / sqrt(n), n)", "* sd, n)", STATS),
    ("stats.py", "t.ppf((1 + confidence) / 2, n - 1)", "t.ppf(confidence, n - 1)", STATS),
    ("stats.py", "t.ppf((1 + confidence) / 2, n - 1)", "t.ppf((1 + confidence) / 2, n)", STATS),
    ("stats.py", "t.ppf((1 + confidence) / 2, n - 1)", "1.959964", STATS),
    ("stats.py", "return Interval(mean, None, 1)", "return Interval(mean, 0.0, 1)", STATS),
    ("stats.py", "float((x / unit).mean())", "float(np.median(x / unit))", STATS),
    ("stats.py", "    unit = float(np.abs(x).max())", "    unit = 1.0", STATS),
    ("stats.py", "tolist()), 0.25))", "tolist()), 0.5))", STATS),
    ("stats.py", "tolist()), 0.25))", "tolist()), 0.0))", STATS),
    ("stats.py", "equal_var=False", "equal_var=True", STATS),
    ("stats.py", "if sd_a == sd_b == 0:\n        return 0.0", "if sd_a == sd_b == 0:\n        return 1.0", STATS),
    ("stats.py", "if n_a < 2 or n_b < 2 or mean_a == mean_b", "if mean_a == mean_b", STATS),
    ("stats.py", "return [abs(value - ideal) for", "return [value - ideal for", STATS),
    ("stats.py", '[-value if better == "higher" else value', "[value", STATS),
    ("stats.py", "if means[other] >= means[name]", "if means[other] <= means[name]", STATS),
    ("stats.py", "if means[other] >= means[name]", "if False", STATS),
    ("stats.py", "/ 2 * (len(ranked) - 1) < alpha", "* (len(ranked) - 1) < alpha", STATS),
    ("stats.py", "/ 2 * (len(ranked) - 1) < alpha", "/ 2 * len(ranked) < alpha", STATS),
    ("stats.py", "/ 2 * (len(ranked) - 1) < alpha", "/ 2 < alpha", STATS),
    (
        "stats.py",
        "if not any(beats(other, name) for other in ranked)",
        "if not beats(min(means, key=means.get), name)",
        STATS,
    ),
    ("stats.py", "mannwhitneyu(b, a", "mannwhitneyu(a, b", STATS),
    ("stats.py", ".statistic) / (len(a) * len(b))", ".statistic) / (len(a) + len(b))", STATS),
    # logistic losses
    (
        "baselines/gan.py",
        "softplus(-D(b.x)) + softplus(D(G(b.z)))",
        "softplus(D(b.x)) + softplus(-D(G(b.z)))",
        LOGISTIC,
    ),
    ("baselines/gan.py", "return -softplus(D(G(b.z))).mean()", "return softplus(-D(G(b.z))).mean()", LOGISTIC),
    ("baselines/ns_gan.py", "return softplus(-D(G(b.z))).mean()", "return -softplus(D(G(b.z))).mean()", LOGISTIC),
    ("baselines/ns_gan.py", "(softplus(-D(b.x)) + softplus(D(G(b.z))))", "softplus(D(G(b.z)))", LOGISTIC),
    ("baselines/label_smoothing.py", "softplus(real) - self.target * real", "softplus(-real)", LOGISTIC),
    ("baselines/instance_noise.py", "self.sd * (1 - b.progress)", "self.sd * b.progress", LOGISTIC),
    ("baselines/instance_noise.py", "self.now(b) * b.n_real)", "self.now(b) * b.n_fake)", LOGISTIC),
    ("baselines/r1.py", "gradient(D, b.x).square()", "gradient(D, G(b.z)).square()", LOGISTIC),
    ("baselines/r1.py", "self.gamma / 2 * self.monitor", "self.gamma * self.monitor", LOGISTIC),
    ("baselines/r1.py", ".square().sum(1).mean()", ".square().mean()", LOGISTIC),
    ("baselines/r2.py", "gradient(D, G(b.z)).square()", "gradient(D, b.x).square()", LOGISTIC),
    ("baselines/consensus.py", "        D.slope(lambda D: critic_part(G, D, b)),\n", "", LOGISTIC),
    ("baselines/unrolled.py", "self.inner_lr)", "-self.inner_lr)", LOGISTIC),
    ("baselines/unrolled.py", "for _ in range(self.unroll)", "for _ in range(self.unroll - 1)", LOGISTIC),
    # least squares
    (
        "baselines/lsgan.py",
        "(D(G(b.z)) - self.a).square()).mean() / 2",
        "(D(G(b.z)) - self.a).square()).mean()",
        SQUARES,
    ),
    ("baselines/lsgan.py", "(D(G(b.z)) - self.c)", "(D(G(b.z)) - self.a)", SQUARES),
    ("baselines/lsgan.py", "((D(b.x) - self.b)", "((D(b.x) - self.a)", SQUARES),
    # integral probability metrics and penalties
    ("baselines/wgan.py", "(D(G(b.z)) - D(b.x)).mean()", "(D(b.x) - D(G(b.z))).mean()", WASSERSTEIN),
    ("baselines/wgan.py", "clamp(-self.clip, self.clip)", "clamp(-1, self.clip)", CLIPPED),
    ("baselines/wgan_gp.py", "(slope - 1).square()", "slope.square()", WASSERSTEIN),
    (
        "baselines/wgan_gp.py",
        "vector_norm(gradient(D, between), dim=1)",
        "gradient(D, between).square().sum(1)",
        WASSERSTEIN,
    ),
    ("baselines/wgan_gp.py", "b.eps * b.x + (1 - b.eps) * fake", "fake", WASSERSTEIN),
    ("baselines/wgan_gp.py", "+ self.penalty * (slope", "- self.penalty * (slope", WASSERSTEIN),
    ("baselines/wgan_lp.py", "relu(slope - 1)", "(slope - 1)", WASSERSTEIN),
    ("baselines/dragan.py", "b.x + self.sd * b.delta", "G(b.z) + self.sd * b.delta", WASSERSTEIN),
    ("baselines/sngan.py", "relu(1 - D(b.x))", "relu(-D(b.x))", WASSERSTEIN),
    (
        "baselines/sngan.py",
        "rate * (1 - progress)",
        "rate",
        f"{WASSERSTEIN}::test_rates_fall_to_zero_and_the_generator_s_batch_is_twice_as_large",
    ),
    ("baselines/gmmn.py", "- 2 * self.kernel(x, fake)", "- self.kernel(x, fake)", BIASED),
    ("baselines/gmmn.py", "(2 * scale)", "(2 * scale**2)", BIASED),
    ("baselines/mmd_gan.py", "* errors - self.distance", "* errors + self.distance", CODES),
    # energies
    ("baselines/ebgan.py", "relu(self.margin - self.energies", "relu(self.margin + self.energies", ENERGY),
    ("baselines/ebgan.py", "cosines.sum() - cosines.diagonal().sum()", "cosines.sum()", ENERGY),
    ("baselines/began.py", "- b.k * residual", "+ b.k * residual", ENERGY),
    (
        "baselines/began.py",
        "self.gamma * residual(D, b.x) - residual(D, G(b.z))",
        "residual(D, b.x) - residual(D, G(b.z))",
        ENERGY,
    ),
    ("baselines/began.py", ".clamp(0, 1)}", "}", ENERGY),
    # relativistic
    ("baselines/ragan.py", "loser.mean() - winner)", "loser - winner)", RELATIVE),
    ("baselines/ra_lsgan.py", "winner.mean() + 1)", "winner.mean() - 1)", RELATIVE),
    ("baselines/ra_hinge.py", "relu(1 + loser - winner.mean())", "relu(1 - loser + winner.mean())", RELATIVE),
    ("baselines/rsgan.py", "softplus(D(b.x) - D(G(b.z)))", "softplus(D(G(b.z)) - D(b.x))", RELATIVE),
    ("baselines/r3gan.py", " + gradient(D, fake).square().sum(1)", "", RELATIVE),
    # others
    (
        "baselines/feature_matching.py",
        "D.features(b.x).mean(0) - D.features(G(b.z)).mean(0)",
        "D.features(b.x) - D.features(G(b.z))",
        BETTER,
    ),
    ("baselines/historical_averaging.py", "(w - getattr(b, name)) / past", "(w - getattr(b, name)) / 2", BETTER),
    (
        "baselines/f_gan.py",
        "conjugate(D(G(b.z))) - variational(D(b.x))",
        "conjugate(D(b.x)) - variational(D(G(b.z)))",
        F_GAN,
    ),
    ("baselines/f_gan.py", "self.trick else conjugate", "not self.trick else conjugate", F_GAN),
    ("baselines/bigan.py", "softplus(D(b.x, G.encode(b.x))) +", "softplus(-D(b.x, G.encode(b.x))) +", INVERSE),
    ("baselines/vae.py", "- 1 - log_variance).sum(1) / 2", "- 1 - log_variance).mean(1) / 2", LIKELIHOOD),
    ("baselines/vae.py", "(log_variance / 2).exp() * b.eps", "log_variance.exp() * b.eps", LIKELIHOOD),
    (
        "baselines/acgan.py",
        "cross_entropy(fake[:, 1:], b.y_fake)\n        return (soft",
        "cross_entropy(fake[:, 1:], b.y)\n        return (soft",
        f"{CLASSES}::test_acgan_has_its_worked_values",
    ),
    (
        "baselines/infogan.py",
        "entropy - self.surprise",
        "entropy + self.surprise",
        f"{CLASSES}::test_infogan_has_its_worked_values",
    ),
    (
        "baselines/projection.py",
        "relu(1 + D(G(b.z, b.y), b.y))",
        "relu(1 - D(G(b.z, b.y), b.y))",
        f"{CLASSES}::test_projection_has_the_hinge_loss",
    ),
    ("baselines/mad_gan.py", "named.mean(1).sum()\n", "named.mean()\n", SEVERAL),
    # optimisers
    ("optim.py", "(1 - first**moves)", "(1 - first)", OPTIM),
    ("optim.py", "lerp(slope.square(), (1 - second)", "lerp(slope, (1 - second)", OPTIM),
    ("optim.py", "slope / (square.sqrt() + self.eps)", "slope / (square + self.eps)", OPTIM),
    ("optim.py", 'state["velocity"] + slope', 'state["velocity"] - slope', OPTIM),
    # the trainer
    (
        "moves.py",
        "weights = vmap(self.projected)(weights)",
        "pass",
        f"{TRAIN}::test_the_critic_is_projected_after_each_of_its_moves",
    ),
    (
        "moves.py",
        'weights.lerp(state["average"], dials["decay"].to(weights.dtype))',
        "weights",
        f"{TRAIN}::test_the_average_follows_with_a_warmed_up_decay",
    ),
    (
        "moves.py",
        "slopes = {name: self.slope(name, state, batch) for name in movers}",
        "slopes = {name: self.slope(name, state, batch) for name in movers[:1]}",
        f"{TRAIN}::test_players_who_move_together_look_from_the_same_point",
    ),
    (
        "train.py",
        "progress = self.done / self.plan.steps",
        "progress = 0.0",
        f"{TRAIN}::test_schedules_reach_the_optimiser",
    ),
    (
        "train.py",
        "                losses |= self.play(move)\n",
        "                losses |= self.play(move) if move not in losses else {}\n",
        K_STEPS,
    ),
    ("train.py", "self.turns[move] += 1", "self.turns[move] += 0", K_STEPS),
    ("train.py", "seeded(seed, lambda", "seeded(0, lambda", STARTS),
    (
        "deal.py",
        'stream(seed, "play", self.move, "data", chunk)',
        'stream(0, "play", self.move, "data", chunk)',
        STARTS,
    ),
    ("deal.py", 'stream(seed, "play", self.move, name, chunk)', 'stream(0, "play", self.move, name, chunk)', STARTS),
)
