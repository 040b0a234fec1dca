"""Service that predicts rows given as JSON.

Run it in this folder, and look at http://127.0.0.1:8000/docs:

    pip install -r requirements.txt fastapi uvicorn
    uvicorn serve:app
"""

from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException

from model import SCHEMA, faults, load_model, notes, predict

REFUSES_UNUSUAL = False
"""True: values that training had not are refused; False: they are predicted, with a warning."""

MOST_ROWS = 10_000
"""Most rows of one request."""

app = FastAPI(title=f"Prediction of {SCHEMA['target']}")
model = load_model()


@app.get("/health")
def health():
    """Return the state of the service."""
    return {"status": "ok"}


@app.get("/schema")
def schema():
    """Return the columns that a row must have."""
    return SCHEMA


@app.post("/predict")
def predict_rows(body: Annotated[Any, Body()]):
    """Return the predictions of one row, an object, or of many, a list of objects."""
    rows = body if isinstance(body, list) else [body]
    if not all(isinstance(row, dict) for row in rows) or not 0 < len(rows) <= MOST_ROWS:
        raise HTTPException(
            422, f"The body must be a row as an object, or a list of 1 to {MOST_ROWS} such objects."
        )
    found = faults(rows)
    warnings = [] if found else notes(rows)
    if found or (REFUSES_UNUSUAL and warnings):
        raise HTTPException(422, (found or warnings)[:100])
    return {"predictions": predict(model, rows), "warnings": warnings[:100]}
