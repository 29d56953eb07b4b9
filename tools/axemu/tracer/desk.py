"""The desk: the widget that has all panes, places them by its arrangement and titles them; keys for that."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.geometry import NULL_OFFSET, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from axemu.tracer.arrangement import SIZES, Arrangement, narrow, size_class
from axemu.tracer.keys import bindings
from axemu.tracer.pane import Pane


class Tiling(Layout):
    """Places a Desk's panes by its arrangement."""

    name = "tiling"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        assert isinstance(parent, Desk)
        parent.pre_layout(self)
        regions = parent.arrangement.regions(size)
        return [
            WidgetPlacement(region, NULL_OFFSET, child.styles.margin, child)
            for child in children
            if (region := regions.get(child.id or "")) is not None
        ]


class Desk(Container):
    """All panes; those in view are displayed."""

    DEFAULT_CSS = "Desk { width: 1fr; height: 1fr; overflow: hidden hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(desk=True),
        *(Binding(str((number + 1) % 10), f"bring({number})", "pane", show=False) for number in range(10)),
    ]

    def __init__(self, *panes: Pane) -> None:
        super().__init__(*panes)
        self.panes = {pane.id or "": pane for pane in panes}
        self.arrangement = Arrangement(narrow())
        self._tiling = Tiling()
        self._class = ""

    @property
    def layout(self) -> Layout:
        return self._tiling

    @property
    def front(self) -> Pane:
        """The pane that keys are for."""
        focused = self.screen.focused
        if isinstance(focused, Pane):
            return focused
        return next(pane for pane in self.panes.values() if pane.display)

    def fit(self, size: Size, layouts: dict[str, Any]) -> None:
        """The arrangement for a terminal of this size; the one of `layouts`, where it was arranged before."""
        wanted = size_class(size.width, size.height)
        if wanted != self._class:
            self.note(layouts)
            self._class = wanted
            self.arrangement = Arrangement(SIZES[wanted]())
            self.arrangement.load(layouts.get(wanted, {}))
        self.rearrange()

    def note(self, layouts: dict[str, Any]) -> None:
        """Put down in `layouts` how the panes lie."""
        if self._class:
            layouts[self._class] = self.arrangement.save()

    def on_resize(self) -> None:
        self.rearrange()

    def rearrange(self) -> None:
        """The arrangement has changed."""
        size = self.container_size if not self.size.width else self.size
        regions = self.arrangement.regions(size or Size(80, 20))
        for name, pane in self.panes.items():
            pane.display = name in regions
        for stack in self.arrangement.stacks():
            for name in stack.panes:
                if name in regions:
                    names = self.arrangement.shown(stack) if self.arrangement.alone is None else [name]
                    self.panes[name].border_title = self._tabs(names, name, regions[name].width - 4)
        self.refresh(layout=True)

    def _tabs(self, names: list[str], front: str, width: int) -> str:
        titles = {name: self.panes[name].title for name in names}
        if sum(len(each) + 1 for each in titles.values()) > width:
            titles = {name: self.panes[name].short or title for name, title in titles.items()}
        if len(names) == 1:
            return titles[front]
        return " ".join(
            f"[@click=app.show_pane('{name}')]{f'[reverse]{title}[/]' if name == front else title}[/]"
            for name, title in titles.items()
        )

    # -- keys ---------------------------------------------------------------------------------------------------------

    def show_pane(self, name: str, *, focus: bool = True) -> None:
        """Bring a pane to the front of its place."""
        self.arrangement.raise_(name)
        self.rearrange()
        if focus:
            self.call_after_refresh(self.panes[name].focus)

    def action_bring(self, number: int) -> None:
        self.show_pane(list(self.panes)[number])

    def action_focus_pane(self, step: int) -> None:
        shown = sorted(
            (pane for pane in self.panes.values() if pane.display),
            key=lambda pane: (pane.region.y, pane.region.x),
        )
        at = shown.index(self.front) if self.front in shown else 0
        self.screen.set_focus(shown[(at + step) % len(shown)])

    def action_turn(self, step: int) -> None:
        self.show_pane(self.arrangement.turn(self.front.id or "", step))

    def action_zoom(self) -> None:
        self.arrangement.alone = None if self.arrangement.alone else self.front.id
        self.rearrange()

    def action_grow(self, factor: float) -> None:
        self.arrangement.grow(self.front.id or "", factor)
        self.rearrange()

    def action_hide(self) -> None:
        if len(self.panes) - len(self.arrangement.hidden) < 2:
            return
        self.arrangement.hide(self.front.id or "")
        self.rearrange()
        self.action_focus_pane(1)
