"""What goes around any loss: a regulariser is given a loss and returns another, which calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Draw
from ganbench.dataset import Space, Tensors
from ganbench.errors import BadInput
from ganbench.nets.net import Net
from ganbench.optim import Optimizer

Loss = Callable[[Net, Net, Batch], Tensor]
Call = Callable[..., Tensor]


@dataclass(frozen=True)
class Regulariser:
    """What is added to the losses of a baseline, which goes on as it is otherwise.

    A subclass is a frozen dataclass whose fields are the hyperparameters; a setting is called by the regulariser's
    name and the field's, such as ``r1_gamma``, and so are the draws and tensors that it declares.
    """

    name: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    claim: ClassVar[str] = ""  # what the paper says of it, in one sentence
    version: ClassVar[int] = 1  # raised when the same settings train to other numbers
    images: ClassVar[bool] = False  # whether it transforms images, and so trains on nothing else
    transforms: ClassVar[bool] = False  # whether it changes what the discriminator is given
    reads: ClassVar[tuple[str, ...]] = ()  # whose answers of the discriminator it reads: "real", "fake"
    extrapolates: ClassVar[bool] = False  # whether losses are those after a step of both networks
    steers: ClassVar[bool] = False  # whether it changes answers about generated examples in the generator's loss

    def require(self, holds: bool, field: str, expected: str) -> None:
        """Raise BadInput unless a field's value ``holds``."""
        if not holds:
            raise BadInput(f"{self.name}_{field} must be {expected}, got {getattr(self, field)!r}")

    def optimizer(self, base: Optimizer, updates: int) -> Optimizer:
        """Return what a network is optimised by instead of ``base``; it has so many ``updates`` in a training step."""
        return base

    def takes_part(self, update: int) -> bool:
        """Whether it is in the loss of that update of its kind, counted from 0."""
        return True

    def noise(self, space: Space) -> dict[str, Draw]:
        """Return the draws that it needs beside the baseline's, by name."""
        return {}

    def discriminator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        """Return what the discriminator minimises instead of ``loss``, a scalar."""
        return loss(G, D, b)

    def generator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        """Return what the generator minimises instead of ``loss``, a scalar."""
        return loss(G, D, b)

    def initial_state(self, G: Net, D: Net) -> Tensors:
        """Return tensors that it carries from step to step."""
        return {}

    def next_state(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensors:
        """Return the carried tensors of the next step; ``loss`` is the discriminator's, on the generator's batch."""
        return {}

    def unsupported(self, baseline: Baseline, space: Space, batch: int) -> str | None:
        """Return why it cannot go around this baseline's losses on such data, or None."""
        if type(baseline).d_steps == 0 or not baseline.updates(0):
            return f"{self.name} needs a discriminator"
        if not self.images:
            return None
        if not space.is_image:
            return f"{self.name} transforms images, not points"
        low, high = space.low, space.high
        return None if (low, high) == (-1, 1) else f"{self.name} needs images in [-1, 1], got [{low:g}, {high:g}]"


class Around(Net):
    """A network whose calls as a whole go through ``call(net, *inputs)``; its parts are as ever."""

    def __init__(self, net: Net, call: Call) -> None:
        super().__init__(net._module, net.weights, net._buffers, net._descent)
        self._net, self._call = net, call

    def __call__(self, *inputs: Tensor) -> Tensor:
        return self._call(self._net, *inputs)

    def __getattr__(self, name: str) -> Net:
        return getattr(self._net, name)

    def detached(self) -> Net:
        return Around(self._net.detached(), self._call)

    def grad(self, loss: Callable[[Net], Tensor]) -> Tensors:
        return self._net.grad(lambda net: loss(Around(net, self._call)))

    def stepped(self, loss: Callable[[Net], Tensor], rate: float = 1.0) -> Net:
        return Around(self._net.stepped(lambda net: loss(Around(net, self._call)), rate), self._call)


@dataclass(frozen=True)
class Answer:
    """What the discriminator was asked and said: its first input, what it was given besides, and its output."""

    x: Tensor
    others: tuple[Tensor, ...]
    output: Tensor


class Answers:
    """What a loss asked of the discriminator about the data and about the generator's samples, while it was computed.

    Parameters
    ----------
    loss
        Computed once, with both networks under observation.
    G, D, b
        As the loss is given them.
    fakes
        What the loss is told instead of an answer about what the generator returned.

    Attributes
    ----------
    value
        The loss.
    real, fake
        The first answer about the data ``b.x`` themselves, and that about what the generator returned; or None.
    """

    def __init__(
        self, loss: Loss, G: Net, D: Net, b: Batch, fakes: Callable[[Tensor], Tensor] = lambda output: output
    ) -> None:
        self.data, self.made, self.fakes = b.x, list[Tensor](), fakes
        self.real: Answer | None = None
        self.fake: Answer | None = None
        self.value = loss(Watched(G, self.generated), Around(D, self.asked), b)

    def generated(self, net: Net, *inputs: Tensor) -> Tensor:
        """Call the generator, or a part of it, and remember what it made."""
        output = net(*inputs)
        if isinstance(output, Tensor):
            self.made.append(output)
        return output

    def asked(self, net: Net, *inputs: Tensor) -> Tensor:
        """Call the discriminator and remember its first answer of either kind."""
        output = net(*inputs)
        if inputs[0] is self.data:
            self.real = self.real or Answer(inputs[0], inputs[1:], output)
        elif any(inputs[0] is each for each in self.made):
            self.fake = self.fake or Answer(inputs[0], inputs[1:], output)
            return self.fakes(output)
        return output

    def of(self, kind: str) -> Answer:
        """Return the answer about "real" or "fake" examples; raises BadInput where there is none."""
        answer: Answer | None = getattr(self, kind)
        if answer is None:
            raise BadInput(f"the loss never asks the discriminator about {kind} examples as they are")
        return answer


class Watched(Around):
    """A network whose parts are watched too, such as the decoder of a generator that encodes as well."""

    def __getattr__(self, name: str) -> Net:
        return Watched(getattr(self._net, name), self._call)


def function_of(D: Net, answer: Answer) -> Callable[[Tensor], Tensor]:
    """Return the discriminator as a function of the examples alone, with what else the loss gave it."""
    return lambda x: D(x, *answer.others)
