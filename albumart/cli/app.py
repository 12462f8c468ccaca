"""The commands, in the order in which a newcomer needs them."""

import typer

from albumart.cli import (
    automations,
    backup,
    data,
    guesses,
    labels,
    metrics,
    models,
    platform,
    predict,
    run,
    scrape,
    serve,
    study,
    train,
)

app = typer.Typer(
    name="albumart",
    help="Judge an album by its cover, on schedule.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(scrape.scrape)
app.command()(train.train)
app.command()(predict.predict)
app.command()(models.report)
app.command()(serve.serve)
app.command()(platform.up)
app.command()(platform.down)
app.command()(platform.status)
app.command()(platform.env)
app.command()(metrics.metrics)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(backup.upgrade)
app.command()(platform.sandbox)
app.add_typer(study.app, name="study")
app.add_typer(models.app, name="models")
app.add_typer(data.app, name="data")
app.add_typer(labels.app, name="labels")
app.add_typer(guesses.app, name="guesses")
app.add_typer(automations.app, name="automations")
