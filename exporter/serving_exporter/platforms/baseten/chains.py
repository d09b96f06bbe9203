"""Chains, their deployments and chainlets."""

from __future__ import annotations

from serving_exporter.platforms.baseten.answers import NotFound
from serving_exporter.platforms.baseten.context import Context
from serving_exporter.platforms.baseten.endpoints import CHAIN_DEPLOYMENTS, CHAINS
from serving_exporter.platforms.baseten.reading import decode_list
from serving_exporter.platforms.baseten.records import Chain, ChainDeployment, Chainlet
from serving_exporter.platforms.baseten.samples import write_chain
from serving_exporter.platforms.baseten.state import ChainDeploymentRecord, ChainRecord
from serving_exporter.platforms.baseten.turns import Failures, read_parts
from serving_exporter.platforms.contract import Malformed, NotOffered, Poll, SourceError

__all__ = ["ChainsSource"]


class ChainsSource:
    """``GET /v1/chains``, then the deployments of each. Filters on environments apply; those on models do not, as chains are none."""

    name = "chains"
    blind_without = "replicas, settings and status of chainlets"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._max_age = context.workspace.sources.chains.oldest
        self._units = context.units("chains")
        self._chains: dict[str, Chain] = {}
        self._failures: Failures[str] = Failures()
        self._broken: dict[str, SourceError] = {}
        self._partial: dict[str, SourceError] = {}
        self._read_at: dict[str, float] = {}

    async def poll(self) -> Poll:
        """Read the list, then every chain, longest unread first. Raises ``SourceError`` when the list or every chain cannot be read."""
        clock = self._context.clock
        await self._read_list()
        order = sorted(self._chains, key=lambda chain_id: self._read_at.get(chain_id, 0.0))
        turn = await read_parts(order, self._read_chain, clock)
        self._failures.note(turn, clock.monotonic())
        self._failures.keep_only(self._chains)
        for chain_id in self._failures.expired(clock.monotonic(), self._max_age):
            self._forget(chain_id)
        turn.raise_when_nothing_worked()
        problems = {**self._broken, **self._partial, **self._failures.problems(str)}
        return Poll(items=len(self._chains), data_timestamp=clock.wall(), problems=problems, next_in=turn.next_in)

    def samples(self) -> int:
        """Count the samples of all chains."""
        return self._units.samples

    def expire(self) -> None:
        """Forget every chain."""
        for chain_id in list(self._context.state.chains):
            self._forget(chain_id)

    async def _read_list(self) -> None:
        try:
            listing = decode_list(await self._context.client.get(CHAINS), "chains", Chain)
        except NotFound as error:
            raise NotOffered(str(error)) from None
        self._broken = {name: Malformed(reason) for name, reason in listing.broken.items()}
        present = {chain.id: chain for chain in listing.items}
        kept = {name: chain for name, chain in self._chains.items() if not listing.complete or name in listing.broken}
        self._chains = {**kept, **present}
        for chain_id in [chain_id for chain_id in self._context.state.chains if chain_id not in self._chains]:
            self._forget(chain_id)

    async def _read_chain(self, chain_id: str) -> None:
        self._read_at[chain_id] = self._context.clock.monotonic()
        try:
            body = await self._context.client.get(CHAIN_DEPLOYMENTS, chain_id=chain_id)
        except NotFound:
            self._forget(chain_id)  # deleted since the list was read
            return
        listing = decode_list(body, "deployments", ChainDeployment)
        broken = dict(listing.broken)
        last = self._context.state.chains.get(chain_id)
        before = {deployment.id: deployment for deployment in last.deployments} if last else {}
        seen = {deployment.id for deployment in listing.items}
        deployments = [old for old in before.values() if old.id not in seen and (not listing.complete or old.id in broken)]
        wanted = [item for item in listing.items if self._context.workspace.wants_environment(item.environment or "")]
        deployments += [_deployment(item, before.get(item.id), broken) for item in wanted]
        record = ChainRecord(self._chains[chain_id], tuple(deployments))
        self._context.state.chains[chain_id] = record
        full = self._context.full_state_sets
        self._units.render(chain_id, record, lambda page: write_chain(page, record, full_state_sets=full))
        self._context.state.chain_changed(chain_id)
        self._partial.pop(chain_id, None)
        if broken:
            self._partial[chain_id] = Malformed("; ".join(f"{name}: {reason}" for name, reason in broken.items()))

    def _forget(self, chain_id: str) -> None:
        self._context.state.chains.pop(chain_id, None)
        self._partial.pop(chain_id, None)
        self._units.drop(chain_id)
        self._context.state.chain_changed(chain_id)


def _deployment(deployment: ChainDeployment, last: ChainDeploymentRecord | None, broken: dict[str, str]) -> ChainDeploymentRecord:
    """Read a deployment's chainlets; those that cannot be read stay as they were and are added to ``broken``."""
    listing = decode_list(deployment.chainlets, "chainlets", Chainlet, identity="name")
    broken.update(listing.broken)
    seen = {chainlet.name for chainlet in listing.items}
    before = last.chainlets if last else ()
    kept = [old for old in before if old.name not in seen and (not listing.complete or old.name in listing.broken)]
    return ChainDeploymentRecord(deployment.id, deployment.environment or "", (*listing.items, *kept))
