/* Takes the place of NumPy's BLAS and LAPACK, which moyai never calls: a tenth of the image.
 *
 * NumPy calls one function when it is imported. shrink.sh adds all others, which end the process.
 */

extern void abort(void);
extern long write(int, const void *, unsigned long);

float scipy_cblas_sdot64_(long n, const float *x, long x_step, const float *y, long y_step)
{
  float sum = 0;
  for (; n > 0; n--, x += x_step, y += y_step) sum += *x * *y;
  return sum;
}

static void refuse(void)
{
  static const char message[] = "NumPy has no linear algebra in moyai's container\n";
  write(2, message, sizeof message - 1);
  abort();
}
