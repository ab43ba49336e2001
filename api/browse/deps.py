"""What endpoints of the read side are given: the reader of the service behind the app."""

from typing import Annotated

from fastapi import Depends, Request

from api.browse.reader import Reader


# Not a coroutine for its own sake: a plain function would cost a thread hop a request.
async def _reader(request: Request) -> Reader:
    reader: Reader = request.app.state.service.reader
    return reader


ReaderDep = Annotated[Reader, Depends(_reader)]
