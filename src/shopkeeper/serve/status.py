"""Routes for machines that watch: health and metrics."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from shopkeeper.serve.access import TheFront
from shopkeeper.serve.reply import reply
from shopkeeper.serve.schemas import Health

router = APIRouter(tags=["status"])


@router.get("/health", response_model=Health)
async def health(front: TheFront) -> Response:
    """Whether every shop serves, and which version; whether the merchant's file does, or the last valid one."""
    shops = {
        name: {
            "version": shop.version.name if shop.version else "",
            "products": len(shop.catalog) - int(shop.catalog.deleted.sum()),
            "rules": shop.hand.status.state,
        }
        for name, shop in front.shops.items()
    }
    status = "ok" if all(shop["version"] for shop in shops.values()) else "learning"
    return reply({"status": status, "shops": shops})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(front: TheFront, request: Request) -> Response:
    """Counters and histograms for Prometheus; needs a secret key."""
    front.admit(request, "secret")
    return Response(front.meters.text(), media_type=front.meters.content_type)
